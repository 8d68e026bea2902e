"""`antipode local` about a cloud that is up: what it prints, whom it lets read, what it refuses."""

from __future__ import annotations

import stat

import httpx

from localstack.resolver import Resolver, ResolvingTransport
from tests.e2e.deployed import Deployed
from tests.integration.emulator.processes import FIRST, SECOND
from tests.integration.local_cloud.command_line import Cli


def test_up_prints_what_status_prints_and_every_address_in_it_answers(deployed: Deployed, cli: Cli) -> None:
    printed = deployed.status
    assert printed == cli.json("status")
    assert list(printed) == ["regions", "api_url", "dns", "token"]
    assert list(printed["regions"]) == [FIRST, SECOND]
    with httpx.Client(transport=ResolvingTransport(Resolver.of(cli.layout)), trust_env=False) as client:
        for region in printed["regions"].values():
            assert list(region) == ["state", "endpoint", "api_url"]
            assert region["state"] == "running"
            assert region["api_url"].endswith("/v1")
            assert client.get(f"{region['api_url']}/health").status_code == 200
        bearer = {"Authorization": f"Bearer {printed['token']}"}
        assert client.get(f"{printed['api_url']}/jobs", headers=bearer).status_code == 200
        refused = client.get(f"{printed['api_url']}/jobs", headers={"Authorization": "Bearer no"})
        assert refused.status_code in (401, 403)


def test_only_its_owner_can_read_the_token(cli: Cli) -> None:
    assert stat.S_IMODE((cli.layout.folder / "facts.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(cli.layout.folder.stat().st_mode) == 0o700


def test_a_second_up_says_that_it_is_up(cli: Cli) -> None:
    second = cli.run("up")
    assert second.returncode == 2
    assert second.stderr.splitlines()[-1] == (
        f"antipode: slot {cli.slot} is up already (`antipode local status`; `down` ends it)"
    )


def test_an_unknown_region_is_named_in_one_line(cli: Cli) -> None:
    refused = cli.run("stop", "eu-west-1")
    assert refused.returncode == 1
    assert (
        refused.stderr.splitlines()[-1] == "antipode: no Region is called 'eu-west-1'; there are us-east-1, us-west-2"
    )
