"""Ids that derive from data, so that whoever tries again arrives at the same one."""

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from functions.domain.ids import (
    body_digest,
    child_job_id,
    digest_of,
    is_job_id,
    job_id,
    session_job_id,
    shard_of,
    step_idempotency_key,
    uuid_from,
)

texts = st.text(st.characters(codec="utf-8"), max_size=20)


@given(texts, texts)
def test_a_submit_has_one_id_wherever_it_is_made(tenant: str, key: str) -> None:
    assert job_id(tenant, key) == job_id(tenant, key)
    assert is_job_id(job_id(tenant, key))


@given(st.tuples(texts, texts), st.tuples(texts, texts))
def test_two_submits_have_two_ids_however_tenant_and_key_join(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (job_id(*one) == job_id(*other)) == (one == other)


def test_the_id_of_a_submit_never_changes() -> None:
    assert job_id("acme", "one") == "job_xxhlocefzvlx7qe3yyngnwz4vty4iw5h"


def test_what_only_looks_like_an_id_is_none() -> None:
    good = job_id("acme", "one")
    for text in ("", good[:-1], good + "a", good.upper(), good.replace("job_", ""), good + "\n", good[:-1] + "1"):
        assert not is_job_id(text)


def test_a_digest_does_not_depend_on_the_order_of_keys_but_on_everything_else() -> None:
    assert digest_of({"a": 1, "b": [1, 2]}) == digest_of({"b": [1, 2], "a": 1})
    assert len({digest_of(value) for value in ([1, 2], [2, 1], "1", 1, None, {"a": 1}, {"a": "1"}, True)}) == 8
    assert body_digest({"a": 1}) == digest_of({"a": 1})


def test_a_step_keeps_its_key_and_shares_it_with_no_other() -> None:
    assert step_idempotency_key("job_a", "fetch#2") == "job_a/fetch#2"


def test_jobs_spread_evenly_over_shards() -> None:
    counts = Counter(shard_of(job_id("acme", str(number)), 4) for number in range(2000))
    assert set(counts) == {0, 1, 2, 3}
    assert min(counts.values()) > 400


def test_a_child_has_one_id_for_each_step_that_calls_it() -> None:
    parent = job_id("acme", "one")
    assert child_job_id(parent, "call") == child_job_id(parent, "call")
    assert is_job_id(child_job_id(parent, "call"))
    ids = {child_job_id(parent, "call"), child_job_id(parent, "call#2"), child_job_id(job_id("acme", "two"), "call")}
    assert len(ids) == 3


@given(texts, texts)
def test_no_clients_key_leads_to_a_session(tenant: str, name: str) -> None:
    assert is_job_id(session_job_id(tenant, name))
    assert session_job_id(tenant, name) != job_id(tenant, name)
    assert session_job_id(tenant, name) != job_id("session", name)


@given(st.text(st.characters(codec="ascii"), max_size=43))
def test_a_token_makes_a_uuid_of_the_random_kind(token: str) -> None:
    made = UUID(uuid_from(token))
    assert (made.version, str(made)) == (4, uuid_from(token))
    assert uuid_from(token) != uuid_from(token + "x")
