"""What Lambda calls: which task does what, how the load's function asks the others, and what it leaves behind."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from localstack.drills.engine import Engine
from localstack.drills.evidence import Evidence
from localstack.drills.on_aws import tasks
from localstack.drills.on_aws.aws_target import asked_of_functions
from localstack.drills.on_aws.changes import Record
from localstack.drills.on_aws.deployed import VARIABLE, Clients
from localstack.drills.on_aws.desk import Desk
from localstack.drills.on_aws.played import played
from localstack.drills.target import CannotDrill
from tests.localstack.drills import made
from tests.localstack.drills.on_aws.installation import FIRST, SECOND, deployed

Stubs = dict[str, Stubber]


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubs]:
    """Clients in the Region that is not hit, whose calls and answers are held against their service models."""
    made_: dict[str, Stubber] = {}
    make: Any = boto3.client
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    for service in ("dynamodb", "lambda", "s3", "ssm"):
        made_[service] = Stubber(make(service, region_name=SECOND, **keys))
        made_[service].activate()

    def get(_: Clients, service: str, region: str) -> Any:
        assert region == SECOND
        return made_[service].client

    monkeypatch.setattr(Clients, "get", get)
    yield made_
    for stub in made_.values():
        stub.assert_no_pending_responses()


def answer(stubs: Stubs, asked: dict[str, Any], said: Any, **more: str) -> None:
    task = "break" if asked["what"] == "break" else "restore"
    body = json.dumps(said).encode()
    stubs["lambda"].add_response(
        "invoke",
        {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(body), len(body)), **more},
        {"FunctionName": f"antipode-prod-drill-{task}", "Payload": json.dumps(asked).encode()},
    )


def test_what_breaks_and_what_puts_back_are_asked_of_functions_of_their_own(stubs: Stubs) -> None:
    ask = asked_of_functions(deployed(), Clients(deployed()), "d-1")
    for what, said in (("break", ["a change"]), ("undo", True), ("is-undone", False)):
        answer(stubs, {"id": "d-1", "fault": 0, "what": what}, said)
        assert ask(what, 0) == said


def test_what_a_function_refuses_ends_the_drill(stubs: Stubs) -> None:
    refusal = {"errorType": "Refused", "errorMessage": "changed_meanwhile: somebody else"}
    answer(stubs, {"id": "d-1", "fault": 0, "what": "break"}, refusal, FunctionError="Unhandled")
    with pytest.raises(CannotDrill, match="changed_meanwhile: somebody else"):
        asked_of_functions(deployed(), Clients(deployed()), "d-1")("break", 0)


def test_a_played_drill_leaves_its_evidence_and_says_that_it_is_over(
    stubs: Stubs, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = made.evidence()
    monkeypatch.setattr(Engine, "play", lambda _: evidence)
    stubs["ssm"].add_response(
        "get_parameter",
        {"Parameter": {"Value": "token"}},
        {"Name": "/antipode/prod/drill-token", "WithDecryption": True},
    )
    stored: dict[str, Any] = {
        "Bucket": "antipode-prod-drills",
        "Key": "drills/d-1.json",
        "Body": ANY,
        "ContentType": ANY,
    }
    bodies: list[bytes] = []
    stubs["s3"].client.meta.events.register(
        "before-parameter-build.s3.PutObject", lambda params, **_: bodies.append(params["Body"])
    )
    stubs["s3"].add_response("put_object", {}, stored)
    stubs["dynamodb"].add_response("update_item", {})
    here = deployed()
    said = played(Desk(here, Clients(here)), "region-killed", "d-1", 7)
    assert said["report"] == "drills/d-1.json"
    (body,) = bodies
    kept = json.loads(body)
    assert (kept["drill"], kept["verdict"]) == ("region-killed", said["verdict"])
    assert Evidence.from_json(kept["evidence"]) == evidence


class NotingDesk:
    """Notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    def __getattr__(self, name: str) -> Any:
        def note(*arguments: object) -> Any:
            self.asked.append((name, *arguments))
            return {"prepare": Record(drill_id="d", drill="x", hit=FIRST, faults=()), "guard": True}.get(name, [])

        return note


def test_each_function_does_its_task_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = NotingDesk()
    monkeypatch.setattr(tasks, "desk", lambda: desk)
    assert tasks.prepare({"drill": "region-killed", "id": "d"}, None) == {"hit": FIRST, "changes": 0}
    tasks.break_({"id": "d", "fault": 1, "what": "break"}, None)
    tasks.restore({"id": "d", "fault": 1, "what": "undo"}, None)
    tasks.restore({"id": "d", "fault": 1, "what": "is-undone"}, None)
    tasks.restore({"id": "d"}, None)
    tasks.watch({}, None)
    assert tasks.guard({"id": "d"}, None) == {"over": True}
    assert desk.asked == [
        ("prepare", "region-killed", "d"),
        ("break_", "d", 1),
        ("undo", "d", 1),
        ("is_undone", "d", 1),
        ("finish", "d"),
        ("watch",),
        ("guard", "d"),
    ]


def test_a_function_knows_its_installation_from_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, deployed().model_dump_json())
    tasks.desk.cache_clear()
    assert tasks.desk().deployed == deployed()
    tasks.desk.cache_clear()
