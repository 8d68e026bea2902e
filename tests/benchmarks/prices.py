"""AWS's list prices in us-east-1, each with where it is from. docs/cost.md says the same; a test holds them together."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars, and for what."""

    dollars: float
    each: str
    source: str
    confirmed: bool = True


FACTS = "the design's facts of 2026-11"
PRICES = {
    "api": Price(3.50, "million REST API requests", "docs.aws.amazon.com, whitepaper on API Gateway, first 333 million"),
    "lambda_requests": Price(0.20, "million requests", "aws.amazon.com/lambda/pricing, read in a copy"),
    "lambda_seconds": Price(0.0000133334, "GB-second on arm64", "aws.amazon.com/lambda/pricing, read in a copy"),
    "queue": Price(0.40, "million requests", FACTS),
    "fair_queue": Price(0.10, "million requests more", FACTS + "; that it is on every request, not on sends only, is (u)", False),
    "writes": Price(0.625, "million write units, replicated ones the same", FACTS),
    "reads": Price(0.125, "million read units", FACTS),
}


def dollars(name: str, amount: float) -> float:
    """Return what so much of it costs: `amount` is in millions where the price is by the million."""
    return PRICES[name].dollars * amount
