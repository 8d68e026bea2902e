"""Rules of cdk-nag that a construct breaks on purpose. Each is acknowledged at the construct, with its reason."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Record that `construct` breaks an AwsSolutions rule for a reason. `rule` is written as cdk-nag prints it."""
    Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason))
