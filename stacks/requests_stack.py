"""What answers requests in one Region: the functions behind the API's routes, and the authorizer before them.

A stack apart from what works on jobs: functions of routes are the most, and their number grows with every capability.
"""

from constructs import Construct

from stacks.catalog import FUNCTIONS
from stacks.config import Configuration
from stacks.constructs.alarms import Alarms, topic_by_name
from stacks.part_stack import PartStack


class RequestsStack(PartStack):
    """The functions that the API calls."""

    def __init__(self, scope: Construct, construct_id: str, *, configuration: Configuration, region: str) -> None:
        super().__init__(
            scope,
            construct_id,
            configuration=configuration,
            region=region,
            description="Antipode: what answers requests in one of the two Regions",
        )
        functions = self.make_functions(row for row in FUNCTIONS if row.is_called_by_api)
        alarms = Alarms(self, "RequestAlarms", configuration=configuration, topic=topic_by_name(self, configuration))
        for function in functions.values():
            alarms.watch_function(function)
