"""The use cases of the API's dead letters, on a process's runtime: a file of their own, which few functions load."""

from functools import cached_property
from typing import TYPE_CHECKING

from functions.bootstrap import Runtime, runtime

if TYPE_CHECKING:
    from functions.application.bury_message import BuryMessage
    from functions.application.dismiss_letters import DismissLetters
    from functions.application.find_letters import FindLetters, ListLetters
    from functions.application.start_redrive import StartRedrive


def redriving() -> "Redriving":
    """Return what this process has for dead letters."""
    return Redriving(runtime())


class Redriving:
    """The use cases."""

    def __init__(self, process: Runtime) -> None:
        self.process = process

    @cached_property
    def find_letters(self) -> "FindLetters":
        """Use case."""
        from functions.application.find_letters import FindLetters

        return FindLetters(history=self.process.history, dead_letters=self.process.dead_letters)

    @property
    def bury_message(self) -> "BuryMessage":
        """Use case."""
        from functions.application.bury_message import BuryMessage

        process = self.process
        return BuryMessage(
            history=process.history,
            dead_letters=process.dead_letters,
            clock=process.clock,
            region=process.settings.region,
        )

    @property
    def list_letters(self) -> "ListLetters":
        """Use case."""
        from functions.application.find_letters import ListLetters

        return ListLetters(find=self.find_letters)

    @property
    def start_redrive(self) -> "StartRedrive":
        """Use case."""
        from functions.application.start_redrive import StartRedrive

        return StartRedrive(
            find=self.find_letters,
            submit=self.process.submit_job,
            agents=self.process.agents,
            entropy=self.process.entropy,
        )

    @property
    def dismiss_letters(self) -> "DismissLetters":
        """Use case."""
        from functions.application.dismiss_letters import DismissLetters

        return DismissLetters(find=self.find_letters, failures=self.process.note_failure)
