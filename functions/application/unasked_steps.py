"""Which recorded steps a replayed agent has not asked for yet, branch by branch: what is left at an end was left out.

A branch that was ended from outside may leave steps, for in its history it went on for longer; one that comes to its
end by itself asks for all that it had asked for before, and begins all branches that it had begun.
"""

from collections.abc import Iterable

from functions.application.step_ends import branch_of


class UnaskedSteps:
    """Those of one attempt. `keys`: what the history has, in this round of the agent."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._left: dict[str, set[str]] = {}
        self._begun: set[str] = set()
        for key in keys:
            self._left.setdefault(branch_of(key), set()).add(key)

    def __len__(self) -> int:
        """How many they are."""
        return sum(map(len, self._left.values()))

    def ask(self, key: str) -> None:
        """The agent asks for that step."""
        self._left.get(branch_of(key), set()).discard(key)

    def begin(self, branch: str) -> None:
        """A branch of that path, like "gather[0]/", begins."""
        if self._left:
            self._begun.add(branch.rstrip("/"))

    def beside(self, key: str) -> set[str]:
        """Return those on the branch of a step."""
        return self._left.get(branch_of(key), set())

    def left_by(self, branch: str) -> str | None:
        """Return one that a branch has left out: on itself, or on one that it should have begun. "" is the agent."""
        branch = branch.rstrip("/")
        return min(
            (min(keys) for path, keys in self._left.items() if keys and self._is_left(path, branch)), default=None
        )

    def _is_left(self, path: str, branch: str) -> bool:
        if path == branch:
            return True
        inside = f"{branch}/" if branch else ""
        if not path.startswith(inside):
            return False
        return inside + path.removeprefix(inside).partition("/")[0] not in self._begun
