"""Jobs that fail until their shop is mended, many of them, for tests of what becomes of dead letters."""

from dataclasses import dataclass, field

from functions.agents.redrive import redrive
from functions.application.dismiss_letters import DismissLetters
from functions.application.find_letters import FindLetters, ListLetters
from functions.application.start_redrive import AskedRedrive, StartRedrive
from functions.domain.dead_letter import LetterFilter
from functions.domain.ids import job_id
from functions.domain.job.events import Json
from functions.sdk import Context
from tests.unit.application.agents import Diary
from tests.unit.application.fleet import Fleet
from tests.unit.application.stories import agent_of
from tests.unit.application.two_regions import TENANT, Region, request, two_regions


@dataclass
class Shop:
    """Its agent looks, pays and ships; paying fails until it is mended. `paid` are the moments of payments."""

    diary: Diary = field(default_factory=Diary)
    mended: bool = False
    paid: list[float] = field(default_factory=list)
    region: Region | None = None

    async def work(self, ctx: Context) -> object:
        await ctx.tool(self.diary.write, "look")
        await ctx.tool(self.pay)
        return await ctx.tool(self.diary.write, "ship")

    async def pay(self) -> str:
        if not self.mended:
            raise ValueError("no money")
        if self.region is not None:
            self.paid.append(self.region.clock.monotonic())
        self.diary.entries.append("pay")
        return "paid"


def ids(count: int) -> list[str]:
    """Return the ids of so many jobs of a shop's."""
    return [job_id(TENANT, f"order {number}") for number in range(count)]


async def failed_orders(count: int, lane: str = "batch") -> tuple[Shop, Region, Fleet]:
    """Return a shop of which so many jobs have failed, one after the other."""
    shop = Shop()
    east, _ = two_regions(agent_of(shop.work, "shop"), redrive)
    shop.region = east
    fleet = Fleet(east, sweeping=False)
    for number in range(count):
        await east.submit_job().submit(request("shop", input={}, idempotency_key=f"order {number}", lane=lane))
    await fleet.finish(*ids(count))
    return shop, east, fleet


def find(region: Region) -> FindLetters:
    """Return the use case."""
    failures = region.note_failure()
    return FindLetters(history=region.send_arrival().history, dead_letters=failures.dead_letters)


def dismissal(region: Region) -> DismissLetters:
    """Return the use case."""
    return DismissLetters(find=find(region), failures=region.note_failure())


def start(region: Region) -> StartRedrive:
    """Return the use case."""
    return StartRedrive(
        find=find(region),
        submit=region.submit_job(),
        agents=region.agents,
        entropy=region.entropy,
    )


def asked(wanted: LetterFilter | None = None, **fields: object) -> AskedRedrive:
    """Return what somebody asks for: all of them, if nothing else is said."""
    return AskedRedrive(tenant=TENANT, by="ann", wanted=wanted or LetterFilter(), **fields)  # type: ignore[arg-type]


async def listed(region: Region, wanted: LetterFilter | None = None, limit: int = 50) -> list[str]:
    """Return the ids of what is listed."""
    page = await ListLetters(find=find(region)).list(TENANT, wanted or LetterFilter(), before=None, limit=limit)
    letters = page["dead_letters"]
    assert isinstance(letters, list)
    return [str(letter["id"]) for letter in letters if isinstance(letter, dict)]


def statuses(region: Region, count: int) -> dict[str, int]:
    """Return how many of the jobs have which status."""
    found = [region.state(job).status for job in ids(count)]
    return {status: found.count(status) for status in sorted(set(found))}


def result_of(region: Region, job: Json) -> Json:
    """Return a job's result."""
    return region.state(str(job)).result
