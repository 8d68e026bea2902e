"""The list of dead letters: filters by the list alone, and shows what still stands, in full."""

from dataclasses import replace

import pytest

from functions.application.find_letters import ListLetters, view_letter
from functions.application.redrive_job import RedriveRequest
from functions.domain.dead_letter import DeadLetter, LetterFilter, LetterType, Over, public_id, read_public_id
from functions.domain.moments import add_seconds
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.shops import failed_orders, find, ids, listed
from tests.unit.application.two_regions import EAST, TENANT, replicate

WEBHOOK = DeadLetter(
    type=LetterType.WEBHOOK,
    id="job_x/1.us-east-1/7@hook",
    tenant=TENANT,
    at="2026-11-21T12:00:00.000Z",
    region=EAST,
    code="webhook_undelivered",
    detail="500, after 8 tries",
    endpoint="hook",
    event="job.failed",
)


@in_virtual_time
async def test_a_page_shows_what_failed_with_its_error_and_where_it_belongs() -> None:
    _, east, _ = await failed_orders(1)
    page = await ListLetters(find=find(east)).list(TENANT, LetterFilter(), before=None, limit=5)
    assert page["next"] is None
    assert page["dead_letters"] == [
        {
            "id": ids(1)[0],
            "type": "job",
            "at": east.state(ids(1)[0]).updated_at,
            "region": EAST,
            "code": "step_raised",
            "detail": "ValueError: no money",
            "agent": "shop",
            "lane": "batch",
            "job_id": ids(1)[0],
        }
    ]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (LetterFilter(), 3),
        (LetterFilter(type=LetterType.JOB), 2),
        (LetterFilter(type=LetterType.WEBHOOK), 1),
        (LetterFilter(agent="shop"), 2),
        (LetterFilter(code="webhook_undelivered"), 1),
        (LetterFilter(agent="shop", code="webhook_undelivered"), 0),
        (LetterFilter(since="2026-11-21T12:00:00.000Z", until="2026-11-21T12:00:00.001Z"), 3),
        (LetterFilter(until="2026-11-21T12:00:00.000Z"), 0),
    ],
)
def test_a_filter_takes_what_it_names(wanted: LetterFilter, count: int) -> None:
    @in_virtual_time
    async def story() -> None:
        _, east, _ = await failed_orders(2)
        job = east.state(ids(2)[0])
        shifted = replace(WEBHOOK, at=job.updated_at)
        await east.note_failure().dead_letters.put(shifted)
        moved = replace(
            wanted,
            since=None if wanted.since is None else job.updated_at,
            until=None if wanted.until is None else add_seconds(job.updated_at, 0.001 if wanted.since else 0.0),
        )
        assert len(await listed(east, moved)) == count

    story()


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pages_give_each_once(limit: int) -> None:
    @in_virtual_time
    async def story() -> None:
        _, east, _ = await failed_orders(7)
        seen: list[str] = []
        before = None
        while True:
            page = await find(east).page(TENANT, LetterFilter(agent="shop"), before=before, limit=limit)
            seen += [letter.id for letter in page.letters]
            before = page.next
            if before is None:
                break
        assert sorted(seen) == sorted(ids(7))

    story()


@in_virtual_time
async def test_what_both_regions_have_listed_is_shown_once() -> None:
    _, east, _ = await failed_orders(2)
    west = east.peer
    replicate(east, west)
    (first, *_) = west.table.dead.values()
    await west.note_failure().dead_letters.put(replace(first, region=west.name))
    assert sorted(await listed(west)) == sorted(ids(2))
    assert sorted(await listed(west, limit=1)) != []


@in_virtual_time
async def test_what_is_redriven_is_shown_no_longer_though_its_region_still_lists_it() -> None:
    _, east, _ = await failed_orders(1)
    west = east.peer
    replicate(east, west)
    await west.redrive_job().redrive(TENANT, ids(1), RedriveRequest(name="r", by="ann"))
    assert [each.over for each in west.table.dead.values()] == [None]
    assert await listed(west) == []


@in_virtual_time
async def test_a_letter_that_is_no_jobs_is_shown_until_one_region_says_that_it_is_over() -> None:
    _, east, _ = await failed_orders(1)
    letters = east.note_failure().dead_letters
    await letters.put(WEBHOOK)
    (shown,) = await find(east).named(TENANT, [public_id(WEBHOOK), "job_x", "unknown:1"])
    assert view_letter(shown) == {
        "id": "webhook:job_x/1.us-east-1/7@hook",
        "type": "webhook",
        "at": WEBHOOK.at,
        "region": EAST,
        "code": "webhook_undelivered",
        "detail": "500, after 8 tries",
        "endpoint": "hook",
        "event": "job.failed",
    }
    await letters.put(WEBHOOK.settled(Over.DISMISSED, "us-west-2"))
    assert await find(east).named(TENANT, [public_id(WEBHOOK)]) == []


def test_ids_of_letters_are_read_back_and_others_are_none() -> None:
    assert read_public_id(public_id(WEBHOOK)) == (LetterType.WEBHOOK, WEBHOOK.id)
    assert read_public_id(ids(1)[0]) == (LetterType.JOB, ids(1)[0])
    for text in ("", "job", "job_1", "webhook:", "letter:1", f"job:{ids(1)[0]}"):
        assert read_public_id(text) is None
