"""Which API a command speaks to, and with which token."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

import localstack.cloud
from stacks.api_client import ApiClient, ApiError
from stacks.commands import api_access
from tests.cli.conftest import Antipode, one_line
from tests.cli.scripted_api import URL

LOCAL_URL = "http://api.antipode.test:4566/v1"
EAST_URL, WEST_URL = "http://127.0.1.1:4566/v1", "http://127.0.2.1:4566/v1"


@pytest.mark.parametrize("command", [["jobs", "list"], ["regions"], ["submit", "probe", "--input", "{}"]])
def test_without_a_cloud_there_is_one_line(
    antipode: Antipode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setattr(localstack.cloud, "CHECKOUT", tmp_path)
    assert one_line(antipode(*command, "--slot", "7"), code=2) == "slot 7 is not up (`antipode local up`)"


def test_an_address_needs_a_token(antipode: Antipode) -> None:
    assert one_line(antipode("regions", "--api-url", URL), code=2).startswith("no token for this address")


def test_an_address_without_a_scheme_is_one_line(antipode: Antipode) -> None:
    said = one_line(antipode("regions", "--api-url", "api.example.test", "--token", "ap_x"))
    assert said.startswith("api.example.test is no address of the API")


def test_address_and_token_may_come_from_the_environment(antipode: Antipode, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, str | None, str | None]] = []

    def refuse(*options: int | str | None) -> ApiClient:
        seen.append(options)  # type: ignore[arg-type]
        raise ApiError("seen")

    monkeypatch.setattr(api_access, "client_of", refuse)
    antipode("regions", env={"ANTIPODE_API_URL": URL, "ANTIPODE_TOKEN": "ap_env"})
    antipode("regions", "--token", "ap_given", env={"ANTIPODE_API_URL": URL, "ANTIPODE_TOKEN": "ap_env"})
    assert seen == [(0, URL, "ap_env"), (0, URL, "ap_given")]


def test_the_local_cloud_gives_its_addresses_its_resolver_and_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"resolver of": found[0]})

    def transport(resolver: str) -> httpx.MockTransport:
        found.append(resolver)
        return httpx.MockTransport(answer)

    found: list[str] = []
    own = {"us-east-1": {"api_url": EAST_URL}, "us-west-2": {"api_url": WEST_URL}}
    status = {"token": "ap_local", "regions": own}
    cloud = SimpleNamespace(api_url=LOCAL_URL, layout="layout of 7", status=lambda: status)
    monkeypatch.setattr(api_access, "LocalCloud", SimpleNamespace(find={7: cloud}.__getitem__))
    monkeypatch.setattr(api_access, "Resolver", SimpleNamespace(of=lambda layout: f"resolver for {layout}"))
    monkeypatch.setattr(api_access, "ResolvingTransport", transport)
    with api_access.client_of(7, None, None) as client:
        assert client.regions() == {"resolver of": "resolver for layout of 7"}
    assert str(asked[0].url) == f"{EAST_URL}/regions"
    assert asked[0].headers["Authorization"] == "Bearer ap_local"


def test_the_regions_of_an_address_follow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(api_access, "_client", lambda url, regions, *_: made.append((url, regions)))
    api_access.client_of(0, "https://api.example.com/v1, us-east-1,us-west-2", "ap_x")
    api_access.client_of(0, "https://api.example.com/v1", "ap_x")
    assert made == [("https://api.example.com/v1", ["us-east-1", "us-west-2"]), ("https://api.example.com/v1", [])]
