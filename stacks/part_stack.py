"""What the stacks of one Region have in common: their names, their protection, the functions and what tools read."""

from collections.abc import Iterable

from aws_cdk import CfnOutput, Stack
from aws_cdk.aws_lambda import Code
from constructs import Construct

from stacks.config import Configuration
from stacks.constructs.function import CatalogFunction
from stacks.constructs.permissions import Grants
from stacks.constructs.settings import settings_of
from stacks.function_rows import FunctionRow
from stacks.naming import camel


class PartStack(Stack):
    """One of a Region's stacks.

    It refers to nothing outside its Region, so that it can be deployed, changed and deleted while the other Region is
    gone; and to the Region's other stacks by fixed names only: an export would keep one from changing what another
    reads.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, configuration: Configuration, region: str, description: str
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=f"{configuration.prefix}-{construct_id}",
            description=description,
            env={"account": configuration.account, "region": region},
            analytics_reporting=False,
            termination_protection=configuration.protection.deletion_protection,
        )
        self.configuration = configuration
        self.own_region = region

    def make_functions(self, rows: Iterable[FunctionRow]) -> dict[str, CatalogFunction]:
        """Make functions of the catalogue, and say what they are called."""
        code = Code.from_asset(self.configuration.bundle)
        settings = settings_of(self.configuration, self.own_region, self.account)
        grants = Grants(self, self.configuration, self.own_region)
        made = {
            row.name: CatalogFunction(
                self,
                camel(row.name),
                row=row,
                configuration=self.configuration,
                code=code,
                settings=settings,
                grants=grants,
            )
            for row in rows
        }
        for name, function in made.items():
            self.output(f"Function{camel(name)}", function.function.function_name)
        return made

    def output(self, name: str, value: str) -> None:
        """Tell tools a value, under exactly this name."""
        CfnOutput(self, f"Output{name}", value=value).override_logical_id(name)
