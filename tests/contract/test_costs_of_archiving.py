"""What it costs to move a plain job's history to S3, job by job: docs/cost.md reckons with it. No number may rise."""

from functions.adapters.aws_clients import AwsClients
from functions.adapters.dynamodb_archive_book import DynamodbArchiveBook
from functions.adapters.memory_archive import MemoryArchive
from functions.application.archive_jobs import ArchiveJobs
from functions.domain.job.archived import packed
from functions.domain.lanes import DUE_SHARDS
from tests.contract.ledger import CountedRegion
from tests.contract.test_costs import three
from tests.contract.worlds import EAST, LANES, WEST, say
from tests.simulation.virtual_time import pass_time, run_virtually

DAY = 86_400.0
#: Of both Regions' due indexes, each run: where it has come to, what is due, and again until nothing is.
PARTITIONS = 2 * len(LANES) * DUE_SHARDS


async def archived_twice() -> tuple[list[dict[str, int]], list[dict[str, int]], int]:
    """Return the requests and the write units of both visits to a job, and its size in the archive."""
    region = CountedRegion(three)
    job = await region.submit("three", {})
    await region.work()
    own, peer = (DynamodbArchiveBook(each._table) for each in (region.history, region.peer))
    shelf = MemoryArchive()
    archiver = ArchiveJobs(
        book=own,
        peer_book=peer,
        own=shelf,
        peer=shelf,
        projections=region.projections,
        lanes=region.lanes,
        clock=region.clock,
        region=EAST,
        peer_region=WEST,
        after_days=30,
    )
    record = await region.history.read_whole(job)
    visits = []
    for days in (31, 1.1):
        await pass_time(days * DAY)
        region.ledger.taken()
        await archiver.run(600, say)
        visits.append(region.ledger.taken())
        place = (await own.hold(job)).record.archived
        assert place is not None
        await peer.note(job, place)  # as it is replicated
    assert (await own.hold(job)).items == ()
    return [requests for requests, _ in visits], [units for _, units in visits], len(packed(job, record))


def test_a_plain_job_is_read_twice_noted_once_and_two_items_are_deleted(clients: AwsClients) -> None:
    (first, second), (noted, struck_out), size = run_virtually(archived_twice())
    begun = {"state GetItem": PARTITIONS, "state Query": PARTITIONS}
    assert first == {
        "state GetItem": begun["state GetItem"],
        "state Query": begun["state Query"] + 1 + 1,  # the job, and whether more is due in its partition
        "state PutItem": 1 + 1,  # where it lies, and how far the round has come
    }
    assert second == {
        "state GetItem": begun["state GetItem"],
        "state Query": begun["state Query"] + 1 + 1,
        "state PutItem": 1,
        "peer GetItem": 1,
        "state DeleteItem": 2,
    }
    assert (noted, struck_out) == ({"state": 2}, {"state": 1}), "each item has less than a kilobyte"
    assert size < 900
