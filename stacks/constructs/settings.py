"""What a Region's functions find in their environment: the one place where configuration becomes `SettingName`s."""

import json
from collections.abc import Mapping

from aws_cdk import Aws

from functions.settings import SettingName
from stacks.config import Configuration
from stacks.constructs.lanes import queue_name
from stacks.constructs.payloads import bucket_name
from stacks.constructs.permissions import DELIVERIES


def settings_of(configuration: Configuration, region: str, account: str) -> Mapping[str, str]:
    """Return the settings of every function in `region`, whichever stack it is in: all is found by name."""
    peer = configuration.peer_of(region)
    timing = configuration.timing
    queues = f"https://sqs.{region}.{Aws.URL_SUFFIX}/{account}/"
    lanes = {lane.name: queues + queue_name(configuration.prefix, lane) for lane in configuration.lanes}
    settings = {
        SettingName.ENVIRONMENT: configuration.environment,
        SettingName.REGION: region,
        SettingName.PEER_REGION: peer,
        SettingName.TABLE: configuration.table_name,
        SettingName.LANES: json.dumps(lanes),
        SettingName.WAIT_BOUNDS: json.dumps({lane.name: lane.wait_bound_seconds for lane in configuration.lanes}),
        SettingName.PAYLOADS: bucket_name(configuration, account, region),
        SettingName.PEER_PAYLOADS: bucket_name(configuration, account, peer),
        SettingName.PEER_ENDPOINT_URL: configuration.endpoint_urls.get(peer, ""),
        SettingName.PEER_HEALTH_URL: configuration.health_url(peer),
        SettingName.PEER_HEALTH_ADDRESS: configuration.health_addresses.get(peer, ""),
        SettingName.MODEL_ID: configuration.model_id,
        SettingName.TENANT_KEY_PREFIX: configuration.tenant_key_prefix,
        SettingName.HEARTBEAT_SECONDS: str(timing.heartbeat_seconds),
        SettingName.PEER_STALE_SECONDS: str(timing.peer_stale_seconds),
        SettingName.STALL_SECONDS: str(timing.stall_seconds),
        SettingName.LOOP_SECONDS: str(timing.loop_seconds),
        SettingName.ADOPTION: configuration.adoption,
        SettingName.ADOPTION_PER_SECOND: str(configuration.adoption_per_second),
        SettingName.CONTROL_TABLE: configuration.control_table_name if configuration.ownership == "strong" else "",
        SettingName.CONTROL_ENDPOINT_URL: configuration.control_endpoint_url or "",
        SettingName.BROADCAST: configuration.broadcast,
        SettingName.BUS: configuration.prefix,
        SettingName.DELIVERIES: f"{queues}{configuration.prefix}{DELIVERIES}",
        SettingName.WEBHOOK_LOOPBACK: configuration.webhooks.loopback,
        SettingName.WEBHOOK_RETRY_SECONDS: str(configuration.webhooks.first_retry_seconds),
        SettingName.ARCHIVE_AFTER_DAYS: str(configuration.archive.after_days or ""),
    }
    return {name.value: value for name, value in settings.items()}
