"""Beginning a redrive: one job for one key, and nothing at all for a version that is not there, or a preview."""

import pytest

from functions.domain.dead_letter import LetterFilter
from functions.domain.errors import AntipodeError
from functions.domain.job.redrive import Terms
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.shops import asked, failed_orders, ids, start
from tests.unit.application.two_regions import request


@in_virtual_time
async def test_the_same_key_is_the_same_redrive_in_either_region() -> None:
    _, east, _ = await failed_orders(1)
    first = await start(east).start(asked(key="k"))
    assert (first["agent"], first["lane"], first["durability"]) == ("redrive", "critical", "both")
    assert (await start(east.peer).start(asked(key="k")))["id"] == first["id"]
    assert (await start(east).start(asked(key="other")))["id"] != first["id"]
    with pytest.raises(AntipodeError) as refused:
        await start(east).start(asked(key="k", rate=7.0))
    assert refused.value.code == "idempotency_conflict"


@in_virtual_time
async def test_a_preview_counts_and_writes_nothing() -> None:
    _, east, _ = await failed_orders(3)
    segments = len(east.table.segments)
    seen = await start(east).preview(asked())
    assert (seen["count"], seen["more"]) == (3, False)
    assert (await start(east).preview(asked(ids=ids(2))))["count"] == 2
    assert len(east.table.segments) == segments


@pytest.mark.parametrize(
    ("wanted", "code", "field"),
    [
        (LetterFilter(agent="shop"), "agent_version_missing", "agent_version"),
        (LetterFilter(), "invalid_body", "filter.agent"),
    ],
)
def test_a_version_that_is_not_there_is_refused_before_anything_is_written(
    wanted: LetterFilter, code: str, field: str
) -> None:
    @in_virtual_time
    async def story() -> None:
        _, east, _ = await failed_orders(1)
        segments = len(east.table.segments)
        for call in (start(east).start, start(east).preview):
            with pytest.raises(AntipodeError) as refused:
                await call(asked(wanted, terms=Terms(agent_version="9")))
            assert (refused.value.code, refused.value.field) == (code, field)
        assert len(east.table.segments) == segments

    story()


@in_virtual_time
async def test_nobody_submits_the_agent_of_redrives() -> None:
    _, east, _ = await failed_orders(1)
    with pytest.raises(AntipodeError) as refused:
        await east.submit_job().submit(request("redrive", input={"name": "x", "by": "y", "rate": 1}))
    assert refused.value.code == "unknown_agent"
