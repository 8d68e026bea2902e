"""What works in one Region: lanes, payloads, broadcast, clockwork, and the functions that they call.

Both Regions are made by this one class, from the same code. What answers requests is in `requests_stack.py`, what takes
them in `api_stack.py`: a mistake there is rolled back while jobs go on here.
"""

from typing import assert_never

from constructs import Construct

from stacks.catalog import (
    FUNCTIONS,
    Authorizer,
    DeadLanes,
    Deliveries,
    Deployment,
    EveryLane,
    Route,
    Routes,
    Schedule,
    Stream,
    function_named,
)
from stacks.config import Configuration
from stacks.constructs.alarms import Alarms, alarm_topic
from stacks.constructs.backups import Backups
from stacks.constructs.broadcast import Broadcast
from stacks.constructs.lanes import Lanes
from stacks.constructs.payloads import PayloadBucket
from stacks.constructs.schedules import Schedules
from stacks.naming import camel
from stacks.part_stack import PartStack


class RegionStack(PartStack):
    """What of a Region no client calls."""

    def __init__(self, scope: Construct, construct_id: str, *, configuration: Configuration, region: str) -> None:
        super().__init__(
            scope,
            construct_id,
            configuration=configuration,
            region=region,
            description="Antipode: one of the two Regions",
        )
        self._lanes = Lanes(self, "Lanes", configuration=configuration)
        self._payloads = PayloadBucket(self, "Payloads", configuration=configuration, region=region)
        self._broadcast = Broadcast(
            self,
            "Broadcast",
            configuration=configuration,
            timeout_seconds=configuration.size_of(function_named("deliver_webhooks")).timeout_seconds,
        )
        self._functions = self.make_functions(row for row in FUNCTIONS if not row.is_called_by_api)
        self._schedules = Schedules(self, "Schedules", configuration=configuration)
        self._connect_triggers()
        self._raise_alarms()
        self._say_what_tools_need()

    def _connect_triggers(self) -> None:
        for function in self._functions.values():
            trigger = function.row.trigger
            match trigger:
                case EveryLane():
                    function.read_lanes(self._lanes)
                case DeadLanes():
                    function.read_dead_letters(self._lanes)
                case Schedule():
                    self._schedules.start(function, trigger)
                case Stream():
                    self._broadcast.tell_by(function, self._functions["find_stream"], self.own_region)
                case Deliveries():
                    self._broadcast.deliver_by(function)
                case Deployment():
                    pass  # the broadcast asks for it
                case Route() | Routes() | Authorizer():
                    raise AssertionError(f"{function.row.name} is called by the API: it belongs to the requests' stack")
                case _:
                    assert_never(trigger)

    def _raise_alarms(self) -> None:
        topic = alarm_topic(self, self.configuration)
        alarms = Alarms(self, "Alarms", configuration=self.configuration, topic=topic)
        for lane in self._lanes.each:
            alarms.watch_lane(lane)
        alarms.watch_dead_letters("schedules-dead-letters", self._schedules.dead_letters)
        alarms.watch_dead_letters("broadcast-dead-letters", self._broadcast.dead_letters)
        alarms.watch_dead_letters("webhooks-dead-letters", self._broadcast.unreadable)
        for function in self._functions.values():
            alarms.watch_function(function)
        alarms.watch_sentinel(self._functions[function_named("watch_regions").name])
        if self.configuration.archive.after_days:
            alarms.watch_archiver()
        self.output("AlarmTopicArn", topic.topic_arn)
        if self.configuration.backups is not None:
            Backups(
                self,
                "Backups",
                configuration=self.configuration,
                settings=self.configuration.backups,
                region=self.own_region,
                topic=topic,
            )

    def _say_what_tools_need(self) -> None:
        self.output("TableName", self.configuration.table_name)
        self.output("PayloadBucket", self._payloads.bucket.bucket_name)
        for lane in self._lanes.each:
            self.output(f"QueueUrl{camel(lane.settings.name)}", lane.queue.queue_url)
            self.output(f"DeadQueueUrl{camel(lane.settings.name)}", lane.dead_letters.queue_url)
