"""What a Region's functions find in their environment: the one place where configuration becomes `SettingName`s."""

import json
from collections.abc import Callable, Mapping

from functions.settings import SettingName
from stacks.config import Configuration


def settings_of(
    configuration: Configuration, region: str, lanes: str, payloads: Callable[[str], str], deliveries: str
) -> Mapping[str, str]:
    """Return the settings of every function in `region`.

    `lanes` is the queues' addresses as JSON; `payloads` names each Region's bucket; `deliveries` is the address of the
    webhooks' queue.
    """
    peer = configuration.peer_of(region)
    timing = configuration.timing
    settings = {
        SettingName.ENVIRONMENT: configuration.environment,
        SettingName.REGION: region,
        SettingName.PEER_REGION: peer,
        SettingName.TABLE: configuration.table_name,
        SettingName.LANES: lanes,
        SettingName.WAIT_BOUNDS: json.dumps({lane.name: lane.wait_bound_seconds for lane in configuration.lanes}),
        SettingName.PAYLOADS: payloads(region),
        SettingName.PEER_PAYLOADS: payloads(peer),
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
        SettingName.BROADCAST: configuration.broadcast,
        SettingName.BUS: configuration.prefix,
        SettingName.DELIVERIES: deliveries,
        SettingName.WEBHOOK_LOOPBACK: configuration.webhooks.loopback,
        SettingName.WEBHOOK_RETRY_SECONDS: str(configuration.webhooks.first_retry_seconds),
    }
    return {name.value: value for name, value in settings.items()}
