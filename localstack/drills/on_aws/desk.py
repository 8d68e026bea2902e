"""What the tasks of a drill do on AWS: begin, break, put back, watch. Each can die at any line and be called again.

The order is what makes that safe. The book is taken in both Regions, then what is to be changed is looked up, then it
is written down in both, and only then anything is changed. From the moment in which it is being put back nothing is
changed any more, and the book is not closed while a change may still be on its way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from localstack.drills.faults import FIRST, SECOND, Names
from localstack.drills.on_aws.aws_stories import AWS_DRILLS, kinds_of, region_hit
from localstack.drills.on_aws.book import Book, Entry, NotTheirs, Phase
from localstack.drills.on_aws.changes import Change, Kind, Record
from localstack.drills.on_aws.deployed import Clients, Deployed
from localstack.drills.on_aws.means import Means, all_means
from localstack.drills.on_aws.preflight import Preflight
from localstack.drills.on_aws.refusals import Code, NotYetRestored, Refused
from localstack.drills.on_aws.regions_seen import RegionsSeen
from localstack.drills.story import Drill
from localstack.drills.target import CannotDrill

#: A function that makes changes is ended by Lambda after this; what it had sent off may still be carried out for a bit.
CHANGE_SECONDS = 120.0
LATE_SECONDS = 30.0
#: The watchdog of the Region that is hit acts so much later: by then the other one has, unless its Region is gone.
GRACE_SECONDS = 300.0


@dataclass(slots=True)
class Desk:
    """The tasks, in one Region."""

    deployed: Deployed
    clients: Clients
    now: Callable[[], float] = time.time
    means: Mapping[Kind, Means] = field(init=False)
    preflight: Preflight = field(init=False)

    def __post_init__(self) -> None:
        self.means = all_means(self.deployed, self.clients)
        seen = RegionsSeen(self.deployed, self.clients)
        self.preflight = Preflight(self.deployed, self.clients, self.now, seen)

    @property
    def names(self) -> Names:
        """The Regions of a story."""
        first, second = self.deployed.regions
        return {FIRST: first, SECOND: second}

    def book(self, region: str | None = None) -> Book:
        """Return a Region's book, this one's if none is said."""
        client = self.clients.get("dynamodb", region or self.deployed.region)
        return Book(client, self.deployed.drills_table)

    # -- beginning

    def prepare(self, name: str, drill_id: str) -> Record:
        """Take the book, see that all is well, look up what will be changed and write it down. Raises Refused."""
        self.preflight.check_account()
        drill = self._drill(name)
        self.preflight.check_watchdog(self.book())
        restore_at = self.now() + self.deployed.limit_seconds
        self._take_both(drill_id, restore_at)
        try:
            self.preflight.check_both_regions()
            record = self._looked_up(drill, drill_id)
            # The copy in the Region that is hit comes first: where the other is, changes may be made.
            self.book(self.deployed.peer).record(record)
            self.book().record(record)
        except Refused:
            self._give_books_back(drill_id)
            raise
        return record

    def _drill(self, name: str) -> Drill:
        if name not in AWS_DRILLS:
            raise Refused(Code.NO_SUCH_DRILL, f"no drill on AWS is named {name!r}")
        drill = AWS_DRILLS[name]
        if region_hit(drill, self.names) != self.deployed.peer:
            raise Refused(Code.WRONG_REGION, f"{name} hits {self.deployed.region}, where this runs")
        return drill

    def _take_both(self, drill_id: str, restore_at: float) -> None:
        """The first Region's first, so that of two that begin at once only one goes on."""
        for region in self.deployed.regions:
            at = restore_at if region == self.deployed.region else restore_at + GRACE_SECONDS
            if not self.book(region).take(drill_id, at):
                found = self.book(region).current()
                self._give_books_back(drill_id)
                other = "another one" if found is None else found.drill_id
                raise Refused(Code.DRILL_UNDER_WAY, f"the book in {region} is taken by {other}")

    def _looked_up(self, drill: Drill, drill_id: str) -> Record:
        hit = self.deployed.peer
        faults = tuple(
            tuple(self._change(kind, hit, resource) for kind in kinds for resource in self.means[kind].found(hit))
            for kinds in (_kinds(fault) for fault in drill.when)
        )
        return Record(drill_id=drill_id, drill=drill.name, hit=hit, faults=faults)

    def _change(self, kind: Kind, region: str, resource: str) -> Change:
        return Change(kind, region, resource, self.means[kind].look(region, resource))

    # -- breaking

    def break_(self, drill_id: str, number: int) -> list[str]:
        """Make the changes of one fault, and say which. Raises Refused where that is not, or no more, allowed."""
        entry, book, now = self._mine(drill_id), self.book(), self.now()
        until = now + CHANGE_SECONDS + LATE_SECONDS
        if until > entry.restore_at:
            raise Refused(Code.OUT_OF_TIME, "the watchdog will soon put everything back")
        assert entry.record is not None
        changes = entry.record.of_fault(number)
        try:
            book.begin_change(drill_id, until)
        except NotTheirs as error:
            raise Refused(Code.DRILL_UNDER_WAY, str(error)) from error
        for change in changes:
            self._change_one(change, drill_id)
        book.end_change(drill_id)
        return [change.told() for change in changes]

    def _mine(self, drill_id: str) -> Entry:
        entry = self.book().current()
        if entry is None or entry.drill_id != drill_id or entry.phase is not Phase.RECORDED:
            raise Refused(Code.DRILL_UNDER_WAY, f"drill {drill_id} may change nothing: it is not its turn")
        return entry

    def _change_one(self, change: Change, drill_id: str) -> None:
        if self.means[change.kind].look(change.region, change.resource) != change.before:
            raise Refused(Code.CHANGED_MEANWHILE, f"{change.told()} is not as it was when it was written down")
        self.means[change.kind].change(change, drill_id)

    # -- putting back

    def undo(self, drill_id: str, number: int) -> None:
        """Put back what one fault changed, while the drill goes on. Raises NotYetRestored."""
        record = self._mine(drill_id).record
        assert record is not None
        self._put_back(reversed(record.of_fault(number)), drill_id)

    def is_undone(self, drill_id: str, number: int) -> bool:
        """Whether all that one fault changed is as it was before."""
        record = self._mine(drill_id).record
        assert record is not None
        return all(self.means[change.kind].is_back(change, drill_id) for change in record.of_fault(number))

    def restore(self, drill_id: str, region: str | None = None) -> list[str]:
        """Put everything back that the drill in a Region's book changed, and close the book.

        Returns what was put back; nothing where the drill is not in that book any more. Raises NotYetRestored if
        something is left to be done: then it has to be called again.
        """
        book = self.book(region)
        try:
            book.begin_restoring(drill_id)
        except NotTheirs:
            return []
        entry = book.current()
        if entry is None or entry.drill_id != drill_id:
            return []
        changes = () if entry.record is None else entry.record.changes
        self._put_back(changes, drill_id)
        if entry.breaking_until > self.now():
            left = entry.breaking_until - self.now()
            raise NotYetRestored(f"a change may still be on its way for {left:.0f} s: put back once more after that")
        book.settle(drill_id)
        return [change.told() for change in changes]

    def finish(self, drill_id: str) -> list[str]:
        """Restore by both books, this Region's first."""
        restored = self.restore(drill_id, self.deployed.region)
        return restored + self.restore(drill_id, self.deployed.peer)

    def _put_back(self, changes: Iterable[Change], drill_id: str) -> None:
        """What cannot be put back keeps nothing else from it."""
        failed: list[str] = []
        for change in changes:
            try:
                self.means[change.kind].put_back(change, drill_id)
                if not self.means[change.kind].is_back(change, drill_id):
                    failed.append(f"{change.told()} is not yet as it was")
            except Exception as error:  # noqa: BLE001 - the others have to be put back all the same
                failed.append(f"{change.told()}: {error}")
        if failed:
            raise NotYetRestored("; ".join(failed))

    # -- watching

    def watch(self) -> list[str]:
        """Once a minute, in each Region: say that someone watches, and put back what is overdue in this book."""
        book = self.book()
        book.note_watch(self.now())
        entry = book.current()
        if entry is None or entry.restore_at > self.now():
            return []
        return self.restore(entry.drill_id)

    def guard(self, drill_id: str) -> bool:
        """Say whether the drill is over. Raises Refused where an alarm of this Region says that it must stop."""
        entry = self.book().current()
        if entry is None or entry.drill_id != drill_id or entry.phase in (Phase.PLAYED, Phase.RESTORING):
            return True
        self.preflight.check_stop_alarms()
        return False

    def _give_books_back(self, drill_id: str) -> None:
        """Where this drill is in a book with changes written down, it stays there."""
        for region in self.deployed.regions:
            self.book(region).give_back(drill_id)


def _kinds(fault: object) -> tuple[Kind, ...]:
    try:
        return kinds_of(fault)
    except CannotDrill as error:
        raise Refused(Code.NO_MEANS, str(error)) from error
