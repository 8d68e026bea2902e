"""Settings: read once, complete, and a wrong one is named."""

import ast
from pathlib import Path

import pytest

import functions
from functions.settings import InvalidSetting, SettingName, Settings

COMPLETE = {
    "ANTIPODE_ENVIRONMENT": "prod",
    "ANTIPODE_REGION": "us-east-1",
    "ANTIPODE_PEER_REGION": "us-west-2",
    "ANTIPODE_TABLE": "antipode-prod",
    "ANTIPODE_LANES": '{"critical": "https://sqs/c", "standard": "https://sqs/s"}',
    "ANTIPODE_WAIT_BOUNDS": '{"critical": 3600, "standard": 1800.5}',
    "ANTIPODE_PAYLOADS": "antipode-prod-payloads-us-east-1",
    "ANTIPODE_PEER_PAYLOADS": "antipode-prod-payloads-us-west-2",
    "ANTIPODE_PEER_ENDPOINT_URL": "",
    "ANTIPODE_PEER_HEALTH_URL": "https://us-west-2.api.example.com/v1/health",
    "ANTIPODE_PEER_HEALTH_ADDRESS": "",
    "ANTIPODE_MODEL_ID": "a-model",
    "ANTIPODE_TENANT_KEY_PREFIX": "antipode-prod-tenant-",
    "ANTIPODE_HEARTBEAT_SECONDS": "5",
    "ANTIPODE_PEER_STALE_SECONDS": "20",
    "ANTIPODE_STALL_SECONDS": "30.5",
    "ANTIPODE_LOOP_SECONDS": "62",
    "ANTIPODE_ADOPTION": "on",
    "ANTIPODE_ADOPTION_PER_SECOND": "400",
    "ANTIPODE_CONTROL_TABLE": "antipode-prod-control",
    "ANTIPODE_CONTROL_ENDPOINT_URL": "",
    "ANTIPODE_BROADCAST": "on",
    "ANTIPODE_BUS": "antipode-prod",
    "ANTIPODE_DELIVERIES": "https://sqs/antipode-prod-webhooks",
    "ANTIPODE_WEBHOOK_LOOPBACK": "off",
    "ANTIPODE_WEBHOOK_RETRY_SECONDS": "5",
    "ANTIPODE_ARCHIVE_AFTER_DAYS": "30",
}
MAY_BE_EMPTY = {
    SettingName.PEER_ENDPOINT_URL,
    SettingName.PEER_HEALTH_ADDRESS,
    SettingName.CONTROL_TABLE,
    SettingName.CONTROL_ENDPOINT_URL,
    SettingName.ARCHIVE_AFTER_DAYS,
}


def test_every_setting_is_read() -> None:
    assert set(COMPLETE) == {name.value for name in SettingName}
    settings = Settings.load(COMPLETE)
    assert settings == Settings(
        environment="prod",
        region="us-east-1",
        peer_region="us-west-2",
        table="antipode-prod",
        lanes={"critical": "https://sqs/c", "standard": "https://sqs/s"},
        wait_bounds={"critical": 3600.0, "standard": 1800.5},
        payloads="antipode-prod-payloads-us-east-1",
        peer_payloads="antipode-prod-payloads-us-west-2",
        peer_endpoint_url=None,
        peer_health_url="https://us-west-2.api.example.com/v1/health",
        peer_health_address=None,
        model_id="a-model",
        tenant_key_prefix="antipode-prod-tenant-",
        heartbeat_seconds=5.0,
        peer_stale_seconds=20.0,
        stall_seconds=30.5,
        loop_seconds=62.0,
        adoption=True,
        adoption_per_second=400.0,
        broadcast="on",
        bus="antipode-prod",
        deliveries="https://sqs/antipode-prod-webhooks",
        webhook_loopback=False,
        webhook_retry_seconds=5.0,
        control_table="antipode-prod-control",
        archive_after_days=30.0,
    )


def test_without_a_control_table_regions_have_no_leases() -> None:
    assert Settings.load({**COMPLETE, "ANTIPODE_CONTROL_TABLE": ""}).control_table is None


def test_without_a_number_of_days_histories_stay_in_the_table() -> None:
    assert Settings.load({**COMPLETE, "ANTIPODE_ARCHIVE_AFTER_DAYS": ""}).archive_after_days is None


def test_the_environment_of_the_process_is_read_when_no_other_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**COMPLETE, "ANTIPODE_TABLE": "of-the-process"}.items():
        monkeypatch.setenv(name, value)
    assert Settings.load().table == "of-the-process"


@pytest.mark.parametrize("name", [name for name in SettingName if name not in MAY_BE_EMPTY])
@pytest.mark.parametrize("value", [None, ""], ids=["missing", "empty"])
def test_a_setting_that_is_missing_or_empty_is_named(name: SettingName, value: str | None) -> None:
    environment = {key: text for key, text in COMPLETE.items() if key != name}
    if value is not None:
        environment[name] = value
    with pytest.raises(InvalidSetting, match=name):
        Settings.load(environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANTIPODE_LANES", "[]"),
        ("ANTIPODE_LANES", "{}"),
        ("ANTIPODE_LANES", "no json"),
        ("ANTIPODE_LANES", '{"standard": 1}'),
        ("ANTIPODE_WAIT_BOUNDS", "no json"),
        ("ANTIPODE_WAIT_BOUNDS", '{"critical": 3600}'),
        ("ANTIPODE_WAIT_BOUNDS", '{"critical": 3600, "standard": 0}'),
        ("ANTIPODE_WAIT_BOUNDS", '{"critical": 3600, "standard": true}'),
        ("ANTIPODE_ADOPTION", "true"),
        ("ANTIPODE_ADOPTION_PER_SECOND", "0"),
        ("ANTIPODE_ADOPTION_PER_SECOND", "many"),
        ("ANTIPODE_HEARTBEAT_SECONDS", "soon"),
        ("ANTIPODE_HEARTBEAT_SECONDS", "0"),
        ("ANTIPODE_STALL_SECONDS", "-1"),
        ("ANTIPODE_STALL_SECONDS", "nan"),
        ("ANTIPODE_LOOP_SECONDS", "inf"),
        ("ANTIPODE_ARCHIVE_AFTER_DAYS", "0"),
        ("ANTIPODE_ARCHIVE_AFTER_DAYS", "a month"),
        ("ANTIPODE_PEER_HEALTH_URL", "us-west-2.api.example.com"),
        ("ANTIPODE_PEER_HEALTH_ADDRESS", "127.0.0.1"),
        ("ANTIPODE_PEER_HEALTH_ADDRESS", "127.0.0.1:http"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named_with_its_value(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=name) as caught:
        Settings.load({**COMPLETE, name: value})
    assert value in str(caught.value)


def test_addresses_to_connect_to_are_host_and_port() -> None:
    settings = Settings.load({**COMPLETE, "ANTIPODE_PEER_HEALTH_ADDRESS": "127.0.12.1:4566"})
    assert settings.peer_health_address == ("127.0.12.1", 4566)


def test_adoption_is_off_when_it_says_so() -> None:
    assert not Settings.load({**COMPLETE, "ANTIPODE_ADOPTION": "off"}).adoption


def test_no_setting_is_spelt_out_anywhere_else() -> None:
    folder = Path(functions.__file__).parent
    spelt = [
        f"{path.name}:{node.lineno}"
        for path in folder.rglob("*.py")
        if path.name != "settings.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("ANTIPODE_")
    ]
    assert spelt == []
