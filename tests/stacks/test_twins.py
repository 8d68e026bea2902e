"""Both Regions hold the same: whatever one does, the other can do."""

import difflib
import json
import re
from typing import Any

import pytest

from tests.in_depth import ALL
from tests.stacks.templates import Environment

#: What the CDK derives from the path or the content of something, which holds the Region's name.
_DERIVED = re.compile(r"(?<=[A-Za-z])[0-9A-F]{8}(?:[0-9A-F]{8}|[0-9a-f]{32})?(?![0-9A-Za-z]{24})|[0-9A-F]{8}(?=[A-Z])")


def without_names(text: str, own: str, peer: str) -> list[str]:
    """Return a template's lines with neutral names for the Region, its peer and what is derived from them."""
    for region, neutral in ((own, "OWN"), (peer, "PEER")):
        text = text.replace(region, neutral).replace(region.replace("-", ""), neutral)
    return _DERIVED.sub("#", json.dumps(json.loads(text, object_hook=_sorted_resources), indent=1)).splitlines()


def _sorted_resources(part: dict[str, Any]) -> dict[str, Any]:
    """The CDK sorts what a statement of IAM speaks of by its real name; the order means nothing."""
    listed = part.get("Resource")
    return {**part, "Resource": sorted(listed, key=json.dumps)} if isinstance(listed, list) else part


def differences(environment: Environment) -> list[str]:
    (first, one), (second, other) = environment.regions.items()
    lines = difflib.unified_diff(
        without_names(one.text, first, second), without_names(other.text, second, first), n=0, lineterm=""
    )
    return [line.strip() for line in lines if not line.startswith(("---", "+++", "@@"))]


@pytest.mark.parametrize("variant", ["prod", "one_model", *(["dev"] if ALL else [])])
def test_the_regions_differ_in_their_names_and_in_who_is_primary(variant: str, request: pytest.FixtureRequest) -> None:
    found = differences(request.getfixturevalue(variant))
    assert found == ['-    "Failover": "PRIMARY",', '+    "Failover": "SECONDARY",'], "\n".join(found)


def test_with_latency_routing_the_regions_differ_in_their_names_only(latency: Environment) -> None:
    assert differences(latency) == []


def test_with_weighted_routing_the_regions_differ_in_their_weights(weighted: Environment) -> None:
    assert differences(weighted) == ['-    "Weight": 90', '+    "Weight": 10']


def test_in_the_local_cloud_they_differ_in_their_peers_addresses_as_well(local: Environment) -> None:
    found = [line for line in differences(local) if "Failover" not in line]
    addresses = {"127.0.1.1:4566", "127.0.2.1:4566"}
    assert found
    assert all("PEER_ENDPOINT_URL" in line or "PEER_HEALTH_ADDRESS" in line for line in found)
    assert all(any(address in line for address in addresses) for line in found)


def test_a_real_difference_would_be_seen(prod: Environment) -> None:
    (first, one), (second, other) = prod.regions.items()
    changed = other.text.replace('"MemorySize": 1024', '"MemorySize": 512')
    assert changed != other.text
    assert without_names(one.text, first, second) != without_names(changed, second, first)


def test_a_region_s_stack_refers_to_nothing_outside_it(prod: Environment) -> None:
    for template in prod.regions.values():
        assert "Fn::ImportValue" not in template.text
        assert set(re.findall(r"Custom::\w+", template.text)) == {"Custom::StateStream"}  # asked of its own function
        assert not any("Export" in output for output in template.body["Outputs"].values())
