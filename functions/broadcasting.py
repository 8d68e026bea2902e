"""The part of a process that tells the world of jobs' events: its adapters and its use cases, above the surroundings.

A file of its own, because no other function uses any of it but for what sets webhooks, and what sends them again.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from functions.adapters.aws_clients import BUS, LANES
from functions.adapters.blocking_calls import BlockingCalls
from functions.surroundings import Surroundings

if TYPE_CHECKING:
    from functions.application.broadcast_events import BroadcastEvents
    from functions.application.deliver_webhooks import DeliverWebhooks
    from functions.application.resend_webhooks import ResendWebhooks
    from functions.application.set_webhook import SetWebhook, ShowWebhooks
    from functions.application.webhook_ports import (
        DeliveryQueue,
        EndpointStates,
        EventBus,
        Receivers,
        Webhooks,
    )


class Broadcasting(Surroundings):
    """What broadcasts and delivers; a test replaces a part by assigning it."""

    def stream_arn(self) -> str:
        """Return the name of this Region's replica's stream. Raises what AWS says, and KeyError if it has none."""
        table = self._clients.state().describe_table(TableName=self.settings.table)["Table"]
        return table["LatestStreamArn"]

    @cached_property
    def bus(self) -> "EventBus":
        """This Region's bus."""
        from functions.adapters.eventbridge_bus import EventbridgeBus

        return EventbridgeBus(self.settings.bus, self._clients.bus, BlockingCalls("bus", BUS.threads), self.log.say)

    @cached_property
    def webhooks(self) -> "Webhooks":
        """This Region's replica of the webhooks."""
        from functions.adapters.dynamodb_webhooks import DynamodbWebhooks

        return DynamodbWebhooks(self._table)

    @cached_property
    def peer_webhooks(self) -> "Webhooks":
        """The peer Region's replica of the webhooks."""
        from functions.adapters.dynamodb_webhooks import DynamodbWebhooks

        return DynamodbWebhooks(self._peer_table)

    @cached_property
    def endpoints(self) -> "EndpointStates":
        """How the webhooks' endpoints do."""
        from functions.adapters.dynamodb_webhooks import DynamodbEndpoints

        return DynamodbEndpoints(self._table)

    @cached_property
    def deliveries(self) -> "DeliveryQueue":
        """The queue of deliveries."""
        from functions.adapters.sqs_deliveries import SqsDeliveries

        calls = BlockingCalls("deliveries", LANES.threads)
        return SqsDeliveries(self.settings.deliveries, self._clients.lanes, calls, self.log.say)

    @cached_property
    def receivers(self) -> "Receivers":
        """Those whom webhooks tell."""
        from functions.adapters.http_receivers import HttpReceivers

        return HttpReceivers(loopback=self.settings.webhook_loopback)

    @cached_property
    def broadcast_events(self) -> "BroadcastEvents":
        """Use case."""
        from functions.application.broadcast_events import Broadcast, BroadcastEvents

        return BroadcastEvents(
            history=self.history,
            bus=self.bus,
            webhooks=self.webhooks,
            clock=self.clock,
            say=self.log.say,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
            mode=Broadcast(self.settings.broadcast),
        )

    @cached_property
    def deliver_webhooks(self) -> "DeliverWebhooks":
        """Use case."""
        from functions.application.deliver_webhooks import DeliverWebhooks

        return DeliverWebhooks(
            webhooks=self.webhooks,
            peer_webhooks=self.peer_webhooks,
            endpoints=self.endpoints,
            queue=self.deliveries,
            receivers=self.receivers,
            dead_letters=self.dead_letters,
            clock=self.clock,
            entropy=self.entropy,
            say=self.log.say,
            region=self.settings.region,
            first_range=self.settings.webhook_retry_seconds,
        )

    @cached_property
    def resend_webhooks(self) -> "ResendWebhooks":
        """Use case."""
        from functions.application.resend_webhooks import ResendWebhooks

        return ResendWebhooks(webhooks=self.webhooks, queue=self.deliveries, clock=self.clock)

    @cached_property
    def set_webhook(self) -> "SetWebhook":
        """Use case."""
        from functions.application.set_webhook import SetWebhook

        return SetWebhook(
            webhooks=self.webhooks,
            peer=self.peer_webhooks,
            queue=self.deliveries,
            clock=self.clock,
            entropy=self.entropy,
            region=self.settings.region,
        )

    @cached_property
    def show_webhooks(self) -> "ShowWebhooks":
        """Use case."""
        from functions.application.set_webhook import ShowWebhooks

        return ShowWebhooks(webhooks=self.webhooks, endpoints=self.endpoints)
