"""The link's own writes, so that it knows them again when it reads them back and does not send them home.

Each write is announced before it is made. One that turns out to have changed nothing leaves no record in the stream
and is withdrawn. After a time-out nobody knows whether the write was made, so its announcement stays.
"""

from __future__ import annotations

from localstack.replication.change import Change

Item = tuple[str, str]


class Echoes:
    def __init__(self) -> None:
        self._expected: dict[tuple[str, Item, int], int] = {}

    def expect(self, region: str, item: Item, fingerprint: int) -> None:
        name = (region, item, fingerprint)
        self._expected[name] = self._expected.get(name, 0) + 1

    def withdraw(self, region: str, item: Item, fingerprint: int) -> bool:
        """Take back one announcement, if there is one."""
        name = (region, item, fingerprint)
        count = self._expected.get(name, 0)
        if count > 1:
            self._expected[name] = count - 1
        elif count:
            del self._expected[name]
        return count > 0

    def recognise(self, change: Change) -> bool:
        """Whether the change is one of the link's own; each announcement counts once."""
        return self.withdraw(change.version.region, change.item, change.fingerprint)

    def forget_region(self, region: str) -> None:
        for name in [name for name in self._expected if name[0] == region]:
            del self._expected[name]

    def __len__(self) -> int:
        return sum(self._expected.values())
