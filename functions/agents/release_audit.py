"""The agent `release-audit`: may this set of distributions be released? Many jobs review it, people decide the rest.

Each distribution is reviewed by a child job of `licence-review`. A legal team decides about licences, not packages, so
it is asked once for each licence that is not permissive; what could not be reviewed is one question of its own.
"""

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import distributions
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from functions.agents.licence_evidence import DistributionName
from functions.agents.licence_review import LicenceFinding, Risk, same_licence
from functions.agents.release_report import (
    PERMISSIVE,
    RISKS,
    AuditDecision,
    AuditFinding,
    AuditReport,
    finding_of,
    report_of,
    unreviewed,
)
from functions.sdk import AntipodeError, Context, agent

REVIEWER: Final = "licence-review"
DAY_SECONDS: Final = 86_400.0
#: A review that has not ended by then counts as failed.
REVIEW_SECONDS: Final = DAY_SECONDS
MAX_DISTRIBUTIONS: Final = 2_000
#: A question shows the evidence of so many distributions, and names the others.
MAX_SHOWN: Final = 40
#: These end the audit itself; whatever else befalls a review is a finding.
_ENDING: Final = frozenset({"budget_exceeded", "deadline_passed"})


class AuditRequest(BaseModel):
    """What to audit: `distributions`, or all that the workers' interpreter sees; and whom to ask.

    Without an answer within `decide_within_seconds` a licence is undecided, or with `otherwise` rejected.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    distributions: Annotated[tuple[DistributionName, ...], Field(min_length=1, max_length=MAX_DISTRIBUTIONS)] | None = (
        None
    )
    group: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=60)] = "legal"
    decide_within_seconds: float = Field(default=7 * DAY_SECONDS, gt=0, le=365 * DAY_SECONDS)
    otherwise: Literal["reject"] | None = None
    concurrency: int = Field(default=10, ge=1, le=100)


class LicenceGroup(BaseModel):
    """Distributions about which one decision is enough. With `reviewed` false nothing is known of them."""

    model_config = ConfigDict(frozen=True)
    spdx: str
    risk: Risk
    reviewed: bool
    distributions: tuple[str, ...]


def list_distributions() -> tuple[str, ...]:
    """Return the name of each distribution that this interpreter sees, once, in order."""
    return once_each(found.metadata["Name"] for found in distributions() if found.metadata and found.metadata["Name"])


def group_by_licence(findings: tuple[AuditFinding, ...]) -> tuple[LicenceGroup, ...]:
    """Return the groups that need a decision, what needs a lawyer first. Expressions that mean the same are one group.

    A tool, not part of the agent: what means the same is up to a package that may be upgraded while people think.
    """
    groups: list[LicenceGroup] = []
    for finding in findings:
        if finding.risk == PERMISSIVE:
            continue
        name = finding.distribution
        for place, group in enumerate(groups):
            if _belongs(finding, group):
                groups[place] = group.model_copy(update={"distributions": (*group.distributions, name)})
                break
        else:
            reviewed = finding.error is None
            groups.append(LicenceGroup(spdx=finding.spdx, risk=finding.risk, reviewed=reviewed, distributions=(name,)))
    return tuple(sorted(groups, key=lambda each: (RISKS.index(each.risk), not each.reviewed, each.spdx)))


@agent("release-audit", version="1")
async def release_audit(ctx: Context, request: AuditRequest) -> AuditReport:
    """Reviews the licences of many distributions, has people decide on those that are not permissive, and reports."""
    begun_at = await ctx.now()
    names = once_each(request.distributions or await ctx.tool(list_distributions))
    reviewed = 0

    async def review(name: str) -> AuditFinding:
        nonlocal reviewed
        try:
            finding = finding_of(
                await ctx.call(REVIEWER, {"distribution": name}, answer=LicenceFinding, timeout=REVIEW_SECONDS)
            )
        except AntipodeError as error:
            if error.code in _ENDING:
                raise
            finding = unreviewed(name, f"{error.code}: {error.detail}")
        reviewed += 1
        await ctx.progress({"phase": "review", "done": reviewed, "of": len(names)})
        return finding

    findings = await ctx.map(review, names, concurrency=request.concurrency)
    groups: tuple[LicenceGroup, ...] = await ctx.tool(group_by_licence, tuple(findings))
    evidence = {finding.distribution: finding for finding in findings}
    decided = 0

    async def decide(group: LicenceGroup) -> AuditDecision:
        nonlocal decided
        decision = await _decision(ctx, request, group, question_about(group, evidence))
        decided += 1
        await ctx.progress({"phase": "decision", "done": decided, "of": len(groups)})
        return decision

    decisions = await ctx.map(decide, groups, concurrency=max(1, len(groups)))
    ended_at = await ctx.now()
    return report_of(
        findings, decisions, group=request.group, begun_at=begun_at.isoformat(), ended_at=ended_at.isoformat()
    )


def question_about(group: LicenceGroup, findings: Mapping[str, AuditFinding]) -> dict[str, object]:
    """Return what people are asked about a group, with what they need to decide."""
    shown, named = group.distributions[:MAX_SHOWN], group.distributions[MAX_SHOWN:]
    what = f"under {group.spdx} ({group.risk})" if group.reviewed else "whose licence could not be reviewed"
    count = len(group.distributions)
    return {
        "question": f"May {'this distribution' if count == 1 else f'these {count} distributions'} {what} be released?",
        "spdx": group.spdx,
        "risk": group.risk,
        "distributions": [_shown(findings[name]) for name in shown],
        "also": list(named),
    }


def once_each(names: Iterable[str]) -> tuple[str, ...]:
    """Return names in alphabetical order, each once, however it is spelled."""
    spellings: dict[str, str] = {}
    for name in names:
        spellings.setdefault(re.sub(r"[-_.]+", "-", name).lower(), name)
    return tuple(spellings[key] for key in sorted(spellings))


async def _decision(
    ctx: Context, request: AuditRequest, group: LicenceGroup, question: dict[str, object]
) -> AuditDecision:
    approved, by, comment, at = None, None, "", None
    try:
        given = await ctx.approval(
            request.group,
            question,
            timeout=request.decide_within_seconds,
            otherwise=False if request.otherwise == "reject" else None,
        )
        approved, by, comment, at = given.approved, given.by, given.comment, given.at
    except AntipodeError as error:
        if error.code != "wait_timed_out":
            raise
    return AuditDecision(
        spdx=group.spdx,
        risk=group.risk,
        distributions=group.distributions,
        approved=approved,
        by=by,
        comment=comment,
        at=at,
    )


def _belongs(finding: AuditFinding, group: LicenceGroup) -> bool:
    reviewed = finding.error is None
    return (finding.risk, reviewed) == (group.risk, group.reviewed) and same_licence(finding.spdx, group.spdx)


def _shown(finding: AuditFinding) -> dict[str, object]:
    return finding.model_dump(exclude={"spdx", "risk"}, exclude_none=True)
