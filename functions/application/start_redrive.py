"""Begin a redrive: a durable job of the tenant's, so it outlives worker and Region, can be watched and cancelled."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from functions.application.agent_ports import Agents
from functions.application.dismiss_letters import preview
from functions.application.find_letters import FindLetters
from functions.application.ports import Entropy
from functions.application.submit_job import SubmitJob
from functions.domain.dead_letter import LetterFilter
from functions.domain.errors import AntipodeError
from functions.domain.ids import redrive_job_id
from functions.domain.job.events import Json
from functions.domain.job.redrive import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRedrive:
    """What a client asks for. `rate` is how many jobs a second; two with one `key` are one redrive."""

    tenant: str
    by: str
    wanted: LetterFilter
    ids: Sequence[str] | None = None
    rate: float = 100.0
    terms: Terms = field(default_factory=Terms)
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRedrive:
    """The use case."""

    find: FindLetters
    submit: SubmitJob
    agents: Agents
    entropy: Entropy

    async def start(self, asked: AskedRedrive) -> dict[str, Json]:
        """Return the job that redrives. Raises AntipodeError for a version that is not there, state_unavailable."""
        self._check_version(asked)
        key = asked.key or self.entropy.token()
        fields = ("type", "agent", "code", "since", "until")
        said: dict[str, Json] = {
            "by": asked.by,
            "wanted": {name: value for name in fields if (value := getattr(asked.wanted, name)) is not None},
            "ids": None if asked.ids is None else list(asked.ids),
            "rate": asked.rate,
            "terms": asked.terms.body(None),
        }
        job = redrive_job_id(asked.tenant, key)
        return await self.submit.submit_redrive(job, asked.tenant, {"name": job, **said})

    async def preview(self, asked: AskedRedrive) -> dict[str, Json]:
        """Return how many letters are meant and the first of them. Nothing is written. Raises what `start` raises."""
        self._check_version(asked)
        return await preview(self.find, asked.tenant, asked.wanted, asked.ids)

    def _check_version(self, asked: AskedRedrive) -> None:
        wanted, agent = asked.terms.agent_version, asked.wanted.agent
        if wanted is None or asked.ids is not None:
            return  # of ids each job is looked at before anything is written for it
        if agent is None:
            detail = "another version can be asked for one agent at a time: name it in the filter"
            raise AntipodeError("invalid_body", detail, field="filter.agent")
        if self.agents.find(agent, wanted) is None:
            versions = ", ".join(self.agents.versions(agent)) or "none"
            detail = f"this release has {agent!r} in version {versions}, not in {wanted!r}"
            raise AntipodeError("agent_version_missing", detail, field="agent_version")
