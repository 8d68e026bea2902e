"""How a client's request finds a Region that answers."""

import random

import pytest

from localstack.naming.answers import Answers, Endpoint
from localstack.naming.records import Deployed, RecordSet, read_record_set
from tests.stacks.templates import REGIONS, Environment, Template, resolve

PLACES = {region: Endpoint(f"127.0.{number}.1", 4566) for number, region in enumerate(REGIONS, 1)}


def share(template: Template) -> dict[str, object]:
    """Return what a Region adds to the failover name, without what all records have."""
    _, record = template.only("Route53::RecordSet", Type="CNAME")
    return {key: record[key] for key in ("Failover", "Weight", "Region") if key in record}


def local_answers(environment: Environment, *sick: str) -> Answers:
    """Return what the local DNS server would answer if exactly these templates were deployed and these Regions ill."""
    records: dict[tuple[str, str], tuple[RecordSet, ...]] = {}
    checks = {}
    for region, template in environment.regions.items():
        check, _ = template.only("Route53::HealthCheck")
        checks[f"<{check}> of {region}"] = region
        for properties in template.properties("Route53::RecordSet"):
            raw = {name: resolve(value) for name, value in properties.items()}
            gateway = f"d-1.execute-api.{region}.amazonaws.com"
            if "AliasTarget" in raw:
                raw["AliasTarget"] = {"DNSName": gateway}
            else:
                raw |= {"ResourceRecords": [{"Value": gateway}], "HealthCheckId": f"<{check}> of {region}"}
            record = read_record_set(raw)
            records[record.name, record.type] = (*records.get((record.name, record.type), ()), record)
    answers = Answers(PLACES, lambda check: checks[check] not in sick, random.Random(7))
    answers.deployed = Deployed(zones=("example.com.",), records=records)
    return answers


def asked(answers: Answers, times: int = 1) -> list[str]:
    """Return the Regions that the failover name leads to, asked so many times."""
    by_address = {place.address: region for region, place in PLACES.items()}
    found = [answers.answer("api.example.com", "A").lines for _ in range(times)]
    assert {lines[0].ttl_seconds for lines in found} == {10}
    return [by_address[lines[-1].value] for lines in found]


EAST, WEST = REGIONS


@pytest.mark.parametrize("mode", ["prod", "latency", "weighted"])
def test_in_every_mode_the_local_dns_leaves_a_sick_region_and_never_answers_nothing(
    mode: str, request: pytest.FixtureRequest
) -> None:
    environment = request.getfixturevalue(mode)
    assert set(asked(local_answers(environment, EAST), 50)) == {WEST}
    assert set(asked(local_answers(environment, WEST), 50)) == {EAST}
    assert set(asked(local_answers(environment, EAST, WEST), 50)) <= {EAST, WEST}


def test_the_local_dns_answers_each_mode_as_deployed_while_both_are_well(
    prod: Environment, latency: Environment, weighted: Environment
) -> None:
    assert set(asked(local_answers(prod), 20)) == {EAST}
    for nearest, farthest in ((EAST, WEST), (WEST, EAST)):
        answers = local_answers(latency)
        answers.nearest = [nearest, farthest]
        assert set(asked(answers, 20)) == {nearest}
    drawn = asked(local_answers(weighted), 2_000).count(WEST) / 2_000
    assert 0.07 < drawn < 0.13, "90 to 10"


def test_each_region_s_own_name_leads_to_it_even_while_it_is_sick(prod: Environment) -> None:
    for region in REGIONS:
        assert local_answers(prod, EAST, WEST).endpoint(f"{region}.api.example.com") == PLACES[region]


def test_in_mode_failover_the_first_region_is_asked_until_it_fails(prod: Environment) -> None:
    shares = [share(prod.regions[region]) for region in REGIONS]
    assert shares == [{"Failover": "PRIMARY"}, {"Failover": "SECONDARY"}]


def test_in_mode_latency_the_nearer_region_is_asked(latency: Environment) -> None:
    assert [share(latency.regions[region]) for region in REGIONS] == [{"Region": region} for region in REGIONS]


def test_in_mode_weighted_each_region_gets_its_share(weighted: Environment) -> None:
    assert [share(weighted.regions[region]) for region in REGIONS] == [{"Weight": 90}, {"Weight": 10}]


@pytest.mark.parametrize("mode", ["prod", "latency", "weighted", "local"])
@pytest.mark.parametrize("region", REGIONS)
def test_a_region_that_fails_its_health_check_leaves_the_failover_name(
    mode: str, region: str, request: pytest.FixtureRequest
) -> None:
    template = request.getfixturevalue(mode).regions[region]
    health_check, _ = template.only("Route53::HealthCheck")
    _, record = template.only("Route53::RecordSet", Type="CNAME")
    domain = "antipode.test" if mode == "local" else "example.com"
    name, _ = template.only("ApiGateway::DomainName", DomainName=f"api.{domain}")
    assert record["Name"] == f"api.{domain}."
    assert record["HealthCheckId"] == {"Ref": health_check}
    assert record["SetIdentifier"] == region
    assert resolve(record["ResourceRecords"]) == [f"<{name}.RegionalDomainName>"]
    assert record["TTL"] == "10"
    assert record["HostedZoneId"] == "Z0TESTZONE"


@pytest.mark.parametrize("region", REGIONS)
def test_each_region_has_a_name_of_its_own_whatever_its_health(region: str, prod: Environment) -> None:
    template = prod.regions[region]
    name, _ = template.only("ApiGateway::DomainName", DomainName=f"{region}.api.example.com")
    _, record = template.only("Route53::RecordSet", Type="A")
    assert record["Name"] == f"{region}.api.example.com."
    assert resolve(record["AliasTarget"]) == {
        "DNSName": f"<{name}.RegionalDomainName>",
        "HostedZoneId": f"<{name}.RegionalHostedZoneId>",
    }
    assert "HealthCheckId" not in record
    assert "SetIdentifier" not in record


@pytest.mark.parametrize(
    ("environment", "kind", "port", "domain"),
    [("prod", "HTTPS", 443, "example.com"), ("local", "HTTP", 4566, "antipode.test")],
)
def test_health_is_asked_of_the_region_s_own_name_every_ten_seconds(
    environment: str, kind: str, port: int, domain: str, request: pytest.FixtureRequest
) -> None:
    template = request.getfixturevalue(environment).regions["us-west-2"]
    _, check = template.only("Route53::HealthCheck")
    config = check["HealthCheckConfig"]
    assert (config["Type"], config["Port"]) == (kind, port)
    assert config["FullyQualifiedDomainName"] == f"us-west-2.api.{domain}"
    assert config["ResourcePath"] == "/v1/health"
    assert (config["RequestInterval"], config["FailureThreshold"]) == (10, 3)
    assert config.get("EnableSNI", False) is (kind == "HTTPS")
    assert not config.get("Disabled", False)


def test_one_certificate_covers_both_names_and_proves_itself_in_the_zone(prod: Environment) -> None:
    _, certificate = prod.first.only("CertificateManager::Certificate")
    assert certificate["DomainName"] == "api.example.com"
    assert certificate["SubjectAlternativeNames"] == ["us-east-1.api.example.com"]
    assert certificate["ValidationMethod"] == "DNS"
    options = {(o["DomainName"], o["HostedZoneId"]) for o in certificate["DomainValidationOptions"]}
    assert options == {("api.example.com", "Z0TESTZONE"), ("us-east-1.api.example.com", "Z0TESTZONE")}


def test_the_local_cloud_serves_plain_http_under_the_same_kind_of_names(local: Environment) -> None:
    names = {domain["DomainName"] for domain in local.first.properties("ApiGateway::DomainName")}
    assert names == {"api.antipode.test", "us-east-1.api.antipode.test"}
