"""AWS's list prices in us-east-1, each with where it is from; docs/cost.md names the same."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars, and for what."""

    dollars: float
    each: str
    source: str


DESIGN = "aws.amazon.com, by the design's facts of 2026-11"
LAMBDA = "aws.amazon.com/lambda/pricing"
ROUTE_53 = "aws.amazon.com/route53/pricing, from memory"
PRICES = {
    "api": Price(3.50, "million REST API requests", "aws.amazon.com/api-gateway/pricing, the first 333 million"),
    "lambda_requests": Price(0.20, "million requests", LAMBDA),
    "lambda_seconds": Price(0.0000133334, "GB-second on arm64", LAMBDA),
    "queue": Price(0.40, "million requests", DESIGN),
    "fair_queue": Price(0.10, "million requests, on top", DESIGN),
    "writes": Price(0.625, "million write units, replicated or not", DESIGN),
    "reads": Price(0.125, "million read units", DESIGN),
    "health_check": Price(2.50, "month: an HTTPS check of an AWS endpoint every ten seconds (u)", ROUTE_53),
}


def dollars(name: str, amount: float) -> float:
    """Return what so much of it costs: `amount` is in millions where the price is by the million."""
    return PRICES[name].dollars * amount
