"""The settings of the functions: the names that the stacks write and, below, the only place that reads the environment."""

from enum import StrEnum


class SettingName(StrEnum):
    """The environment variables of every function. `stacks` writes them, nothing else spells them out."""

    ENVIRONMENT = "ANTIPODE_ENVIRONMENT"
    REGION = "ANTIPODE_REGION"
    PEER_REGION = "ANTIPODE_PEER_REGION"
    TABLE = "ANTIPODE_TABLE"
    LANES = "ANTIPODE_LANES"
    PEER_ENDPOINT_URL = "ANTIPODE_PEER_ENDPOINT_URL"
    PEER_HEALTH_URL = "ANTIPODE_PEER_HEALTH_URL"
    PEER_HEALTH_ADDRESS = "ANTIPODE_PEER_HEALTH_ADDRESS"
    MODEL_ID = "ANTIPODE_MODEL_ID"
    TENANT_KEY_PREFIX = "ANTIPODE_TENANT_KEY_PREFIX"
    HEARTBEAT_SECONDS = "ANTIPODE_HEARTBEAT_SECONDS"
    PEER_STALE_SECONDS = "ANTIPODE_PEER_STALE_SECONDS"
    STALL_SECONDS = "ANTIPODE_STALL_SECONDS"
    LOOP_SECONDS = "ANTIPODE_LOOP_SECONDS"
    ADOPTION = "ANTIPODE_ADOPTION"
