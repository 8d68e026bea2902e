"""Four telling drills, one after the other on one cloud that heals in between; the one that takes the longest is last.

While the Region is lost nobody can deploy, edit DNS, or make or change anything on AWS, and a plain client goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import pytest
from botocore.exceptions import ClientError

from localstack.drills.evidence import Sample
from localstack.drills.faults import Fault, Names
from localstack.drills.local_target import LocalTarget
from localstack.drills.stories import ON_ONE_CLOUD, REGION_KILLED
from localstack.drills.story import Drill
from localstack.drills.target import Underway
from tests.drills.conftest import Plays
from tests.e2e.deployed import Deployed
from tests.e2e.plain_client import PlainClient

#: Three failed probes at 10 s, a TTL of 10 s, the answer of a survivor that tries its peer first, a busy machine.
PLAIN_CLIENT_SECONDS = 60.0


class WithoutControlPlanes(LocalTarget):
    """From a fault's order to its undoing every control plane refuses. `refused` is who needed one."""

    def __init__(self, deployed: Deployed, client: PlainClient) -> None:
        super().__init__(deployed.cloud)
        self.deployed = deployed
        self.client = client
        self.refused: list[str] = []

    def begin(self, fault: Fault, names: Names, seed: int) -> Underway:
        begun = super().begin(fault, names, seed)
        self.client.begin()
        self.deployed.faults.impair_control_planes(refuse=True)
        return _Impaired(begun, self)


class _Impaired:
    """That fault under way."""

    def __init__(self, begun: Underway, target: WithoutControlPlanes) -> None:
        self._begun = begun
        self._target = target

    def undo(self) -> None:
        """A Region is brought back by a deploy: so control planes work again before it."""
        deployed = self._target.deployed
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            deployed.admin("sqs", deployed.second).create_queue(QueueName="more")
        self._target.refused = deployed.faults.impair_control_planes(refuse=False)
        self._begun.undo()

    def restored(self) -> bool:
        return self._begun.restored()

    def effect(self, during: Sequence[Sample]) -> tuple[str, bool]:
        return self._begun.effect(during)


@pytest.fixture
def plain_client(deployed: Deployed) -> Iterator[PlainClient]:
    """A client of the failover name that knows where it leads before the loss, and submits from the loss on."""
    client = PlainClient(deployed)
    yield client
    client.close()


@pytest.mark.parametrize("drill", ON_ONE_CLOUD, ids=lambda drill: drill.name)
def test_a_drill_holds(deployed: Deployed, plays: Plays, drill: Drill) -> None:
    with closing(LocalTarget(deployed.cloud)) as target:
        plays(drill, target)


def test_a_region_is_lost_while_no_control_plane_works(
    deployed: Deployed, plays: Plays, plain_client: PlainClient, record_property: Callable[[str, object], None]
) -> None:
    plain_client.be_accepted()
    with closing(WithoutControlPlanes(deployed, plain_client)) as target:
        evidence = plays(REGION_KILLED, target)
    assert set(target.refused) == {"sqs:CreateQueue"}, "adopting and submitting need none; who needs one is found out"
    adopted = [job for job in evidence.jobs.values() if job.adopted_at is not None]
    assert adopted, "the Region was killed with jobs in flight"
    assert {job.epoch for job in adopted} == {2}
    assert "local" in {row.durability for row in evidence.acknowledged}, "submits were accepted without the peer"
    took = plain_client.seconds_until_accepted()
    record_property("seconds_until_a_plain_client_was_accepted", took)
    print(f"a plain client was accepted again {took:.1f} s after the loss")
    assert took <= PLAIN_CLIENT_SECONDS
    # The token was only ever written into the table that was lost and filled again.
    assert deployed.call(deployed.first, "GET", "/jobs").status_code == 200
    hosts = [check["host"] for check in deployed.faults.health_checks().values()]
    assert sorted(hosts) == sorted(f"{region}.api.antipode.test" for region in (deployed.first, deployed.second))
