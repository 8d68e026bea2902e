"""What came of runs, in words: for whoever reads a failed test or ran seeds by hand."""

from tests.simulation.world import Outcome


def describe(outcome: Outcome) -> str:
    """Say what was planned, what went wrong, and how to see it again."""
    wrong = "\n".join([*(f"  - {violation}" for violation in outcome.violations), *outcome.evidence]) or "  nothing"
    leased = " --leased" if outcome.plan.leased else ""
    return f"{outcome.plan}\nwrong:\n{wrong}\nagain: python -m tests.simulation --seed {outcome.plan.seed}{leased}"


def summary(outcomes: list[Outcome], took: float | None) -> str:
    """Say how much was simulated."""
    total = {
        "seeds": len(outcomes),
        "failed": sum(bool(outcome.violations) for outcome in outcomes),
        "jobs": sum(outcome.jobs for outcome in outcomes),
        "acknowledged": sum(outcome.acknowledged for outcome in outcomes),
        "adoptions": sum(outcome.adoptions for outcome in outcomes),
        "effects": sum(outcome.effects for outcome in outcomes),
        "repeated effects": sum(outcome.repeated_effects for outcome in outcomes),
        "simulated hours": round(sum(outcome.seconds for outcome in outcomes) / 3600, 1),
    }
    text = ", ".join(f"{name} {value}" for name, value in total.items())
    return text if took is None else f"{text}; took {took:.1f} s"
