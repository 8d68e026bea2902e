"""What is kept where, what is recorded for it, and what becomes of it when a Region or a client fails."""

import asyncio
import json
from hashlib import sha256

import pytest

from functions.adapters.memory import MemoryTable
from functions.adapters.memory_payloads import MemoryBuckets, MemoryOwedCopies, MemoryPayloads
from functions.application.keep_payloads import (
    LARGEST_CHECKED_BYTES,
    LARGEST_SHOWN_BYTES,
    SIGNED_FOR_SECONDS,
    KeepPayloads,
    list_result,
)
from functions.application.ports import PayloadKey, PayloadUnavailable
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.domain.moments import add_seconds
from functions.domain.payload import INLINE_BYTES, PayloadReference, encode_value, reference_in, size_of_value
from tests.unit.handlers.conftest import TestClock

LARGE: Json = ["x" * INLINE_BYTES]


class Stores:
    """Both Regions' stores, and the use case as the first one has it."""

    def __init__(self) -> None:
        buckets = MemoryBuckets()
        self.own, self.peer = MemoryPayloads(buckets, "own"), MemoryPayloads(buckets, "peer")
        self.clock = TestClock()
        self.table, self.peer_table = MemoryTable(), MemoryTable()
        self.owed = MemoryOwedCopies(self.table)
        self.keep = KeepPayloads(own=self.own, peer=self.peer, owed=self.owed, clock=self.clock)
        self.at_the_peer = KeepPayloads(
            own=self.peer, peer=self.own, owed=MemoryOwedCopies(self.peer_table), clock=self.clock
        )

    def externalise(self, value: Json, tenant: str = "acme") -> Json:
        return asyncio.run(self.keep.externalise(tenant, value, size_of_value(value, "a value")))

    def resolve(self, recorded: Json, tenant: str = "acme") -> Json:
        return asyncio.run(self.keep.resolve(tenant, recorded))

    def upload(self, data: bytes, tenant: str = "acme") -> PayloadReference:
        """Do what a client does."""
        reference = PayloadReference(sha256(data).hexdigest(), len(data))
        self.own.upload(PayloadKey(tenant, reference.sha256), data)
        return reference

    def adopt(self, sent: Json, tenant: str = "acme") -> tuple[Json, list[Json]]:
        """Return what is recorded for an input, and what was checked."""
        checked: list[Json] = []
        return asyncio.run(self.keep.adopt_input(tenant, sent, checked.append)), checked

    def show(self, result: Json) -> dict[str, Json]:
        return asyncio.run(self.keep.show_result("acme", {"id": "job_a", "result": result}))

    def held(self, store: MemoryPayloads) -> list[bytes]:
        return [data for (bucket, _), data in store.buckets.kept.items() if bucket == store.bucket]


@pytest.fixture
def stores() -> Stores:
    return Stores()


def kept(value: Json) -> PayloadReference:
    data = encode_value(value, "a value")
    return PayloadReference(sha256(data).hexdigest(), len(data))


def large_text(size: int) -> str:
    return "x" * (size - 2)


def test_a_value_up_to_the_inline_limit_is_recorded_itself_and_costs_no_call(stores: Stores) -> None:
    stores.own.refusing = stores.peer.refusing = True
    value = large_text(INLINE_BYTES)
    assert stores.externalise(value) == value
    assert stores.resolve(value) == value


def test_a_larger_value_is_kept_by_both_regions_and_recorded_as_its_reference(stores: Stores) -> None:
    recorded = stores.externalise(LARGE)
    assert recorded == kept(LARGE).to_json()
    assert stores.held(stores.own) == stores.held(stores.peer) == [encode_value(LARGE, "a value")]
    assert stores.resolve(recorded) == LARGE


def test_an_authors_own_object_that_looks_like_a_reference_stays_the_authors(stores: Stores) -> None:
    secret = stores.externalise(LARGE)
    recorded = stores.externalise(secret)
    assert recorded != secret
    assert stores.resolve(recorded) == secret


def test_a_peer_that_does_not_answer_leaves_the_payload_here_and_the_reference_says_so(stores: Stores) -> None:
    stores.peer.refusing = True
    recorded = stores.externalise(LARGE)
    assert recorded == {"$payload": {"sha256": kept(LARGE).sha256, "bytes": kept(LARGE).size, "durability": "local"}}
    assert stores.resolve(recorded) == LARGE
    assert stores.owed.since == {PayloadKey("acme", kept(LARGE).sha256): stores.clock.now()}


def test_what_both_regions_hold_is_owed_to_nobody_and_costs_no_request(stores: Stores) -> None:
    stores.table.refusing = True
    assert stores.externalise(LARGE) == kept(LARGE).to_json()
    assert stores.owed.since == {}


def test_a_copy_that_cannot_even_be_noted_is_a_reason_to_try_again(stores: Stores) -> None:
    stores.peer.refusing = stores.table.refusing = True
    with pytest.raises(PayloadUnavailable, match="nor can that be noted"):
        stores.externalise(LARGE)


def test_a_store_here_that_does_not_answer_is_a_reason_to_try_again(stores: Stores) -> None:
    stores.own.refusing = True
    with pytest.raises(PayloadUnavailable):
        stores.externalise(LARGE)


@pytest.mark.parametrize("refusing", [True, False], ids=["refuses", "lacks it"])
def test_what_cannot_be_had_here_is_read_from_the_peer(stores: Stores, refusing: bool) -> None:
    recorded = stores.externalise(LARGE)
    stores.own.refusing = refusing
    if not refusing:
        del stores.own.buckets.kept["own", PayloadKey("acme", kept(LARGE).sha256)]
    assert stores.resolve(recorded) == LARGE


def test_a_payload_that_only_an_unreachable_peer_may_hold_is_a_reason_to_try_again(stores: Stores) -> None:
    stores.peer.refusing = True
    recorded = stores.externalise(LARGE)
    stores.own.refusing, stores.peer.refusing = True, False
    with pytest.raises(PayloadUnavailable):
        asyncio.run(stores.at_the_peer.resolve("acme", recorded))
    stores.own.refusing = False
    assert asyncio.run(stores.at_the_peer.resolve("acme", recorded)) == LARGE


def test_a_payload_that_neither_region_holds_is_a_final_error(stores: Stores) -> None:
    with pytest.raises(AntipodeError) as caught:
        stores.resolve(kept(LARGE).to_json())
    assert (caught.value.code, caught.value.row.retryable) == ("payload_missing", False)


def test_damaged_bytes_are_never_read_but_taken_from_the_peer(stores: Stores) -> None:
    recorded = stores.externalise(LARGE)
    key = PayloadKey("acme", kept(LARGE).sha256)
    stores.own.buckets.kept["own", key] = b'"other"'
    assert stores.resolve(recorded) == LARGE
    stores.own.buckets.kept["peer", key] = b'"other"'
    with pytest.raises(AntipodeError, match="neither Region holds"):
        stores.resolve(recorded)


def test_no_tenant_reads_anothers_payload_by_naming_it(stores: Stores) -> None:
    recorded = stores.externalise(LARGE, "acme")
    with pytest.raises(AntipodeError, match="neither Region holds"):
        stores.resolve(recorded, "globex")
    with pytest.raises(AntipodeError) as caught:
        stores.adopt(recorded, "globex")
    assert (caught.value.code, caught.value.field) == ("payload_missing", "input")


def test_an_input_is_checked_and_recorded_itself_or_kept(stores: Stores) -> None:
    small: Json = {"steps": 3}
    assert stores.adopt(small) == (small, [small])
    assert stores.adopt(LARGE) == (kept(LARGE).to_json(), [LARGE])


def test_an_input_that_does_not_fit_is_not_kept(stores: Stores) -> None:
    def refuse(value: Json) -> None:
        raise AntipodeError("invalid_body", "no", field="input.steps")

    with pytest.raises(AntipodeError, match="no"):
        asyncio.run(stores.keep.adopt_input("acme", LARGE, refuse))
    assert stores.held(stores.own) == []


def test_a_client_may_send_a_value_that_looks_like_a_reference_in_a_wrapper(stores: Stores) -> None:
    value = kept(LARGE).to_json()
    recorded, checked = stores.adopt({"$payload": {"inline": value}})
    assert checked == [value]
    assert stores.resolve(recorded) == value


def test_an_uploaded_input_is_kept_by_both_regions_before_the_job_is_accepted(stores: Stores) -> None:
    reference = stores.upload(b' {"steps" : 3} ')
    recorded, checked = stores.adopt(reference.to_json())
    assert (recorded, checked) == (reference.to_json(), [{"steps": 3}])
    assert stores.held(stores.own) == stores.held(stores.peer) == [b' {"steps" : 3} ']
    stores.own.buckets.uploads.clear()
    assert stores.adopt(reference.to_json()) == (recorded, checked), "the same submission again"


def test_what_was_uploaded_to_the_peer_can_be_submitted_here(stores: Stores) -> None:
    reference = stores.upload(b"[1]")
    recorded = asyncio.run(stores.at_the_peer.adopt_input("acme", reference.to_json(), lambda value: None))
    assert recorded == reference.to_json()
    assert stores.held(stores.own) == stores.held(stores.peer) == [b"[1]"]


def test_an_upload_that_the_peer_cannot_be_told_of_is_durable_here_alone(stores: Stores) -> None:
    reference = stores.upload(b"[1]")
    stores.peer.refusing = True
    recorded, _ = stores.adopt(reference.to_json())
    assert reference_in(recorded) == PayloadReference(reference.sha256, reference.size, local=True)
    assert list(stores.owed.since) == [PayloadKey("acme", reference.sha256)]


def test_what_was_not_uploaded_is_named_also_while_the_peer_does_not_answer(stores: Stores) -> None:
    for refusing in (False, True):
        stores.peer.refusing = refusing
        with pytest.raises(AntipodeError, match="POST /v1/payloads") as caught:
            stores.adopt(kept(LARGE).to_json())
        assert (caught.value.code, caught.value.field) == ("payload_missing", "input")


def test_an_upload_that_expires_while_it_is_taken_over_is_missing(stores: Stores) -> None:
    class Expiring(MemoryPayloads):
        async def take_over(self, key: PayloadKey, place: object) -> None:
            self.buckets.uploads.clear()
            await MemoryPayloads.take_over(self, key, place)  # type: ignore[arg-type]

    reference = stores.upload(b"[1]")
    own = Expiring(stores.own.buckets, "own")
    expiring = KeepPayloads(own=own, peer=stores.peer, owed=stores.owed, clock=stores.clock)
    with pytest.raises(AntipodeError, match="has expired") as caught:
        asyncio.run(expiring.adopt_input("acme", reference.to_json(), lambda value: None))
    assert (caught.value.code, caught.value.field) == ("payload_missing", "input")


def test_an_upload_of_another_size_than_the_reference_says_is_named(stores: Stores) -> None:
    reference = stores.upload(b"[1]")
    with pytest.raises(AntipodeError, match="has 3 bytes, not 4") as caught:
        stores.adopt(PayloadReference(reference.sha256, 4).to_json())
    assert (caught.value.code, caught.value.field) == ("invalid_body", "input.$payload.bytes")


def test_an_upload_that_is_not_json_is_named(stores: Stores) -> None:
    with pytest.raises(AntipodeError) as caught:
        stores.adopt(stores.upload(b"no json").to_json())
    assert (caught.value.code, caught.value.field) == ("invalid_json", "input")


def test_an_upload_that_is_too_large_to_wait_for_is_checked_when_it_is_run(stores: Stores) -> None:
    value = large_text(LARGEST_CHECKED_BYTES)
    assert stores.adopt(stores.upload(encode_value(value, "it")).to_json())[1] == [value]
    larger = stores.upload(encode_value(value + "x", "it")).to_json()
    assert stores.adopt(larger) == (larger, [])
    assert stores.resolve(larger) == value + "x"


def test_a_result_is_shown_as_the_value_that_it_is(stores: Stores) -> None:
    values: list[Json] = [{"a": 1}, LARGE, kept(LARGE).to_json()]
    for value in values:
        assert stores.show(stores.externalise(value)) == {"id": "job_a", "result": value}
    assert asyncio.run(stores.keep.show_result("acme", {"id": "job_a"})) == {"id": "job_a"}


def test_a_result_that_is_too_large_for_an_answer_is_shown_as_an_address(stores: Stores) -> None:
    value = large_text(LARGEST_SHOWN_BYTES + 1)
    shown = stores.show(stores.externalise(value))
    reference = kept(value)
    assert shown == {
        "id": "job_a",
        "result_reference": {
            "sha256": reference.sha256,
            "bytes": reference.size,
            "url": f"memory://own/payloads/acme/{reference.sha256}?seconds={SIGNED_FOR_SECONDS}",
            "expires_at": add_seconds(stores.clock.now(), SIGNED_FOR_SECONDS),
        },
    }


@pytest.mark.parametrize("character", ["\u00fc", '"', "\\"])
def test_what_grows_too_large_by_being_written_as_an_answer_is_shown_as_an_address(
    stores: Stores, character: str
) -> None:
    value = character * (LARGEST_SHOWN_BYTES // 4)
    assert size_of_value(value, "it") < LARGEST_SHOWN_BYTES < len(json.dumps(json.dumps(value)))
    shown = stores.show(stores.externalise(value))
    assert set(shown) == {"id", "result_reference"}


def test_the_address_leads_to_the_region_that_holds_the_result(stores: Stores) -> None:
    recorded = stores.externalise(large_text(LARGEST_SHOWN_BYTES + 1))
    stores.own.buckets.kept.pop(next(place for place in stores.own.buckets.kept if place[0] == "own"))
    reference = stores.show(recorded)["result_reference"]
    assert isinstance(reference, dict)
    assert str(reference["url"]).startswith("memory://peer/")


@pytest.mark.parametrize("size", [INLINE_BYTES + 1, LARGEST_SHOWN_BYTES + 1])
def test_a_job_whose_result_cannot_be_had_is_shown_all_the_same_and_says_why(stores: Stores, size: int) -> None:
    value = large_text(size)
    reference = kept(value)
    named = {"sha256": reference.sha256, "bytes": reference.size}
    assert stores.show(reference.to_json()) == {"id": "job_a", "result_reference": named | {"error": "payload_missing"}}
    stores.own.refusing = stores.peer.refusing = True
    unavailable = named | {"error": "payload_unavailable"}
    assert stores.show(reference.to_json()) == {"id": "job_a", "result_reference": unavailable}


def test_a_listing_shows_small_results_and_names_large_ones() -> None:
    reference = kept(LARGE)
    named: Json = {"sha256": reference.sha256, "bytes": reference.size}
    assert list_result({"result": {"$payload": {"inline": 1}}}) == {"result": 1}
    assert list_result({"id": "a", "result": reference.to_json()}) == {"id": "a", "result_reference": named}
    assert list_result({"id": "a"}) == {"id": "a"}
