"""A rule is switched off for one play and on again whatever happens; a drill that does not break then is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from localstack.drills import local_release, without_rules
from localstack.drills.evidence import Evidence
from localstack.drills.local_release import Release
from localstack.drills.rules import RULES, CodeWithout, HealthCheckDisabled, Rule
from localstack.drills.target import CannotDrill
from localstack.drills.without_rules import NotShown, WithoutRule
from localstack.layout import Place
from tests.localstack.drills import made
from tests.localstack.drills.made import FIRST, SECOND

PLACES = (Place(FIRST, "127.0.1.1", 4566), Place(SECOND, "127.0.2.1", 4566))


@dataclass
class Played:
    """A local cloud on which plays, releases and orders to Route 53 are only written down."""

    told: list[str] = field(default_factory=list)
    evidence: Evidence = field(default_factory=made.evidence)
    refusal: CannotDrill | None = None
    changes: Any = field(default_factory=dict)
    regions: tuple[str, str] = (FIRST, SECOND)

    @property
    def layout(self) -> Any:
        return SimpleNamespace(regions=PLACES, emulator=lambda name: Place(name, "127.0.3.1", 4566))

    def calm(self) -> None:
        self.told.append("calm")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Played:
    played = Played()

    class Engine:
        def __init__(self, drill: Any, *_: Any, **__: Any) -> None:
            self.drill = drill

        def play(self) -> Evidence:
            played.told.append(f"play {self.drill.name} with {sorted(played.changes)}")
            if played.refusal is not None:
                raise played.refusal
            return played.evidence

    class Released:
        def __init__(self, place: Place, functions: Any, _: Any) -> None:
            self.said = f"{', '.join(functions)} in {place.name}"

        def publish(self) -> None:
            played.told.append(f"publish {self.said}")

        def withdraw(self) -> None:
            played.told.append(f"withdraw {self.said}")

    monkeypatch.setattr(without_rules, "Engine", Engine)
    monkeypatch.setattr(without_rules, "Release", Released)
    monkeypatch.setattr(without_rules, "bundle_with", lambda _: b"")
    monkeypatch.setattr(without_rules, "end_processes", lambda place, _: played.told.append(f"anew {place.name}"))
    return played


def rule(name: str) -> Rule:
    return next(each for each in RULES if each.name == name)


def without(name: str, drill: str, cloud: Any) -> WithoutRule:
    return WithoutRule(rule(name), drill, cloud, seed=1)


FILE = "functions/application/submit_job.py"
AROUND = (
    ["calm", f"publish submit-job in {FIRST}", f"publish submit-job in {SECOND}", f"anew {FIRST}", f"anew {SECOND}"],
    [f"withdraw submit-job in {FIRST}", f"withdraw submit-job in {SECOND}", f"anew {FIRST}", f"anew {SECOND}"],
)


def test_the_drill_is_played_on_changed_functions_which_are_then_taken_back(cloud: Played) -> None:
    cloud.evidence.unasked = ("job_99",)
    _, outcome = without("one-key-one-job", "answers-lost", cloud).play()
    assert any("sent again is one job" in each.text for each in outcome.broken)
    assert cloud.told == [*AROUND[0], f"play answers-lost with ['{FILE}']", *AROUND[1]]
    assert cloud.changes == {}


def test_the_functions_are_taken_back_also_where_the_drill_cannot_begin(cloud: Played) -> None:
    cloud.refusal = CannotDrill("it is unwell")
    with pytest.raises(CannotDrill):
        without("one-key-one-job", "answers-lost", cloud).play()
    assert cloud.told[-4:] == AROUND[1]
    assert cloud.changes == {}


def test_a_drill_that_holds_without_its_rule_has_not_shown_that_it_can_fail(cloud: Played) -> None:
    with pytest.raises(NotShown, match="without the rule 'one-key-one-job' answers-lost broke"):
        without("one-key-one-job", "answers-lost", cloud).play()


def test_a_health_check_is_disabled_for_the_play_alone(cloud: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    route53 = SimpleNamespace(
        list_health_checks=lambda: {
            "HealthChecks": [
                {"Id": id_, "HealthCheckConfig": {"Type": "HTTP", "FullyQualifiedDomainName": f"{region}.api.test"}}
                for id_, region in (("hc-1", FIRST), ("hc-2", SECOND))
            ]
        },
        update_health_check=lambda **asked: cloud.told.append(f"{asked['HealthCheckId']} {asked['Disabled']}"),
    )
    monkeypatch.setattr(without_rules, "admin_client", lambda *_: route53)
    cloud.evidence.samples = []
    without("name-follows-health", "clients-cut-off", cloud).play()
    assert cloud.told == ["calm", "hc-1 True", "play clients-cut-off with []", "hc-1 False"]


def test_each_way_to_switch_a_rule_off_is_one_of_two() -> None:
    assert {type(each.off) for each in RULES} == {CodeWithout, HealthCheckDisabled}


@dataclass
class Functions:
    """A Lambda with one function and its alias, and a bucket of assets."""

    live: str = "1"
    newest: str = "original"
    versions: dict[str, str] = field(default_factory=lambda: {"1": "original"})
    stored: dict[str, bytes] = field(default_factory=dict)

    def get_alias(self, **_: Any) -> dict[str, str]:
        return {"FunctionVersion": self.live}

    def update_alias(self, *, FunctionVersion: str, **_: Any) -> None:  # noqa: N803 - as boto3 calls it
        self.live = FunctionVersion

    def update_function_code(self, *, S3Key: str, **_: Any) -> None:  # noqa: N803
        self.newest = self.stored[S3Key].decode()

    def publish_version(self, **_: Any) -> dict[str, str]:
        version = str(len(self.versions) + 1)
        self.versions[version] = self.newest
        return {"Version": version}

    def list_buckets(self) -> dict[str, list[dict[str, str]]]:
        return {"Buckets": [{"Name": f"cdk-assets-{FIRST}"}]}

    def list_objects_v2(self, *, Prefix: str, **_: Any) -> dict[str, int]:  # noqa: N803
        return {"KeyCount": int(Prefix in self.stored)}

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> None:  # noqa: N803
        self.stored[Key] = Body


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Functions:
    made_ = Functions()
    monkeypatch.setattr(local_release, "admin_client", lambda *_, **__: made_)
    monkeypatch.setattr(local_release, "bundle_with", lambda changes: b"changed" if changes else b"original")
    return made_


def test_a_release_that_is_taken_back_leaves_no_code_that_another_would_publish(functions: Functions) -> None:
    release = Release(PLACES[0], ("advance-jobs",), b"spoilt")
    release.publish()
    assert (functions.live, functions.versions["2"]) == ("2", "spoilt")
    release.withdraw()
    assert (functions.live, functions.newest) == ("1", "original")
    assert release.is_withdrawn()


def test_a_region_that_came_back_with_functions_of_its_own_is_left_alone(functions: Functions) -> None:
    release = Release(PLACES[0], ("advance-jobs",), b"spoilt")
    release.publish()
    functions.live, functions.newest = "1", "deployed anew"
    release.withdraw()
    assert (functions.live, functions.newest) == ("1", "deployed anew")
