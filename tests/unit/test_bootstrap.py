"""The runtime: every part can be made from the settings alone, and a worker's start loads only what a worker needs."""

import subprocess
import sys
from functools import cached_property

import pytest

from functions import bootstrap
from functions.bootstrap import Runtime
from functions.settings import InvalidSetting, Settings
from tests.unit.handlers.conftest import ENVIRONMENT

PARTS = [name for kind in Runtime.__mro__ for name, part in vars(kind).items() if isinstance(part, cached_property)]
HEAVY = ("boto3", "botocore", "pydantic", "aws_lambda_powertools", "license_expression", "functions.sdk")


@pytest.mark.parametrize("part", PARTS)
def test_every_part_is_made_once_from_the_settings_alone(part: str) -> None:
    runtime = Runtime(Settings.load(ENVIRONMENT))
    assert getattr(runtime, part) is getattr(runtime, part)


def test_adoption_is_left_out_where_it_is_switched_off() -> None:
    assert Runtime(Settings.load(ENVIRONMENT)).keep_sweeping.adopt is not None
    off = Settings.load({**ENVIRONMENT, "ANTIPODE_ADOPTION": "off"})
    assert Runtime(off).keep_sweeping.adopt is None


def test_a_process_has_one_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    bootstrap.runtime.cache_clear()
    try:
        assert bootstrap.runtime() is bootstrap.runtime()
    finally:
        bootstrap.runtime.cache_clear()


def test_a_process_without_its_settings_names_the_first_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    bootstrap.runtime.cache_clear()
    with pytest.raises(InvalidSetting, match="ANTIPODE_ENVIRONMENT is not set"):
        bootstrap.runtime()


@pytest.mark.parametrize(
    "handler", ["advance_jobs.advance_job", "sweep_jobs.keep_sweeping", "watch_regions.watch_regions"]
)
def test_what_is_started_often_loads_no_package_that_it_may_not_need(handler: str) -> None:
    module, _, use_case = handler.partition(".")
    code = (
        f"import sys\n"
        f"import functions.handlers.{module}\n"
        f"from functions.bootstrap import runtime\n"
        f"runtime().{use_case}\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert started.stdout == "[]\n"
