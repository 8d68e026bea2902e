"""Payloads: what is kept comes back as it was, to its own tenant, and can be taken over by the other Region."""

import asyncio
import hashlib

import pytest

from functions.adapters.aws_clients import AwsClients
from functions.application.ports import PayloadKey, PayloadMissing, PayloadPlace, PayloadUnavailable
from tests.contract.payload_worlds import Buckets, buckets_in_memory, buckets_on_s3


@pytest.fixture(params=["memory", "s3"])
def buckets(request: pytest.FixtureRequest, clients: AwsClients) -> Buckets:
    """Both Regions' stores, empty."""
    return buckets_in_memory() if request.param == "memory" else buckets_on_s3(clients)


def key_of(data: bytes, tenant: str = "acme") -> PayloadKey:
    return PayloadKey(tenant, hashlib.sha256(data).hexdigest())


SMALL = b'{"a":"gr\xc3\xb6\xc3\x9fer"}'
LARGE = b'"' + bytes(range(97, 123)) * 200_000 + b'"'


class TestPayloads:
    @pytest.mark.parametrize("data", [b"0", SMALL, LARGE], ids=["one byte", "small", "5 MB"])
    def test_what_was_put_comes_back_as_it_was(self, buckets: Buckets, data: bytes) -> None:
        asyncio.run(buckets.own.put(key_of(data), data))
        assert asyncio.run(buckets.own.get(key_of(data))) == data

    def test_the_same_may_be_put_again(self, buckets: Buckets) -> None:
        for _ in range(2):
            asyncio.run(buckets.own.put(key_of(SMALL), SMALL))
        assert asyncio.run(buckets.own.get(key_of(SMALL))) == SMALL

    def test_what_was_never_put_is_missing(self, buckets: Buckets) -> None:
        assert asyncio.run(buckets.own.find(key_of(SMALL))) is None
        with pytest.raises(PayloadMissing):
            asyncio.run(buckets.own.get(key_of(SMALL)))

    @pytest.mark.parametrize("other", ["globex", "acme/", "acme%2F", "../acme", ""])
    def test_a_payload_is_its_own_tenants_only(self, buckets: Buckets, other: str) -> None:
        asyncio.run(buckets.own.put(key_of(SMALL), SMALL))
        buckets.upload(key_of(LARGE), LARGE)
        for data in (SMALL, LARGE):
            assert asyncio.run(buckets.own.find(key_of(data, other))) is None
            with pytest.raises(PayloadMissing):
                asyncio.run(buckets.own.get(key_of(data, other)))

    def test_each_region_keeps_its_own(self, buckets: Buckets) -> None:
        asyncio.run(buckets.own.put(key_of(SMALL), SMALL))
        assert asyncio.run(buckets.peer.find(key_of(SMALL))) is None

    def test_what_is_kept_is_found_with_the_size_of_its_bytes_and_taken_over_by_both(self, buckets: Buckets) -> None:
        key = key_of(LARGE)
        asyncio.run(buckets.own.put(key, LARGE))
        place = asyncio.run(buckets.own.find(key))
        assert place is not None
        assert place.size == len(LARGE)
        for store in (buckets.own, buckets.peer):
            asyncio.run(store.take_over(key, place))
            found = asyncio.run(store.find(key))
            assert found is not None
            assert found.size == len(LARGE)
            assert asyncio.run(store.get(key)) == LARGE

    def test_an_upload_is_found_but_not_kept_before_it_is_taken_over(self, buckets: Buckets) -> None:
        key = key_of(SMALL)
        buckets.upload(key, SMALL)
        place = asyncio.run(buckets.own.find(key))
        assert place is not None
        assert place.size == len(SMALL)
        with pytest.raises(PayloadMissing):
            asyncio.run(buckets.own.get(key))
        for store in (buckets.peer, buckets.own):
            asyncio.run(store.take_over(key, place))
            assert asyncio.run(store.get(key)) == SMALL

    def test_what_has_gone_meanwhile_cannot_be_taken_over(self, buckets: Buckets) -> None:
        key = key_of(SMALL)
        buckets.upload(key, SMALL)
        place = asyncio.run(buckets.own.find(key))
        assert place is not None
        gone = PayloadPlace(place.name.replace("uploads", "payloads"), place.size, place.encoding)
        with pytest.raises(PayloadMissing):
            asyncio.run(buckets.peer.take_over(key, gone))

    def test_what_is_signed_names_the_object_and_how_long_it_may_be_used(self, buckets: Buckets) -> None:
        key = key_of(SMALL)
        upload = asyncio.run(buckets.own.sign_upload(key, len(SMALL), 900))
        download = asyncio.run(buckets.own.sign_download(key, 900))
        assert (upload.method, download.method) == ("PUT", "GET")
        assert upload.headers["Content-Length"] == str(len(SMALL))
        for signed in (upload, download):
            assert key.sha256 in signed.url
            assert "900" in signed.url

    def test_a_store_that_refuses_is_unavailable(self, buckets: Buckets) -> None:
        key = key_of(SMALL)
        buckets.refuse()
        for call in (
            buckets.own.put(key, SMALL),
            buckets.own.get(key),
            buckets.own.find(key),
            buckets.own.take_over(key, PayloadPlace("elsewhere/payloads/acme/x", 1, "")),
        ):
            with pytest.raises(PayloadUnavailable):
                asyncio.run(call)
