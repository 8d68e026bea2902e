"""Which branches of a running agent have learned that somebody asked that the job end.

A branch that has learned of it may undo what was done. Any other one must not do more of the work meanwhile: it learns
of it at its next step.
"""

from dataclasses import dataclass, field

from functions.application.step_ends import branch_of


@dataclass(slots=True)
class ToldBranches:
    """Those of one attempt, by their paths. The agent itself is the branch of the empty path."""

    _told: set[str] = field(default_factory=set)
    _begun_since: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        """Whether any has."""
        return bool(self._told)

    def tell(self, step: str) -> None:
        """The branch on which that step lies has learned of it, there."""
        self._told.add(branch_of(step))

    def begin(self, branch: str) -> None:
        """A branch of that path, like "gather[0]/", begins: by now whoever begins it has learned, if anybody has."""
        if self._told:
            self._begun_since.add(branch_of(branch))

    def know(self, step: str) -> bool:
        """Say whether the branch of a step has learned of it: itself, by one of its own, or before it was begun."""
        branch = branch_of(step)
        if branch in self._begun_since or not branch:
            return bool(self._told)
        return any(told == branch or told.startswith(f"{branch}/") for told in self._told)
