"""The functions' code bundle: complete on its own, made for its target, the same each time."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from functions.adapters import aws_clients
from stacks.bundle import BUNDLED_SERVICES, Bundle, BundleFailed, Target, build_bundle
from stacks.catalog import FUNCTIONS
from stacks.toolchain import CHECKOUT

UNCHECKED_HASH = 0b01


@pytest.fixture(scope="module")
def local() -> Bundle:
    return build_bundle(Target.LOCAL)


@pytest.fixture(scope="module")
def aws() -> Bundle:
    return build_bundle(Target.AWS)


@pytest.fixture
def checkout(tmp_path: Path, local: Bundle) -> Path:
    """A checkout with almost nothing in functions/, beside the dependencies that are already built."""
    assert local.folder.is_dir()
    shutil.copytree(CHECKOUT / "build" / "dependencies", tmp_path / "build" / "dependencies", copy_function=os.link)
    functions = tmp_path / "functions"
    functions.mkdir()
    shutil.copy(CHECKOUT / "functions" / "requirements.lock", functions)
    (functions / "__init__.py").write_text('"""Ours."""\n')
    return tmp_path


def run_alone(bundle: Bundle, code: str) -> str:
    """What the code prints when it sees the bundle and the standard library, and nothing else."""
    alone = f"import sys; sys.path.append({str(bundle.folder)!r}); {code}"
    command = [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", alone]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"AWS_DEFAULT_REGION": "us-east-1"})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def modules_below(folder: str) -> list[str]:
    return sorted(path.stem for path in (CHECKOUT / "functions" / folder).glob("*.py") if path.stem != "__init__")


@pytest.fixture(scope="module")
def loaded(local: Bundle) -> dict[str, str]:
    """What became of loading each function and agent: its file, or what was raised.

    Each in a process that has loaded nothing of functions/ yet, copied from one that has loaded what is not ours.
    """
    wanted = [*(f"handlers.{row.name}" for row in FUNCTIONS), *(f"agents.{name}" for name in modules_below("agents"))]
    lines = run_alone(local, f"wanted = {wanted!r}; exec({LOAD_EACH!r})").splitlines()
    return dict(json.loads(line) for line in lines)


#: What is not ours is loaded before, so that what a copy costs is what loading our own modules costs.
LOAD_EACH = """
import asyncio, importlib, json, os, traceback
import boto3.session, pydantic
for each in wanted:
    copy = os.fork()
    if copy:
        os.waitpid(copy, 0)
        continue
    try:
        module = importlib.import_module(f"functions.{each}")
        assert each.startswith("agents.") or callable(module.handle)
        said = module.__file__
    except BaseException:
        said = traceback.format_exc()
    print(json.dumps([each, said]), flush=True)
    os._exit(0)
"""


@pytest.mark.parametrize("name", [row.name for row in FUNCTIONS])
def test_each_function_can_be_loaded_from_the_bundle_alone(local: Bundle, loaded: dict[str, str], name: str) -> None:
    assert loaded[f"handlers.{name}"] == str(local.folder / "functions" / "handlers" / f"{name}.py")


@pytest.mark.parametrize("name", modules_below("agents"))
def test_each_agent_can_be_loaded_from_the_bundle_alone(local: Bundle, loaded: dict[str, str], name: str) -> None:
    assert loaded[f"agents.{name}"] == str(local.folder / "functions" / "agents" / f"{name}.py")


def test_a_client_of_each_bundled_service_can_be_made_from_the_bundle_alone(local: Bundle) -> None:
    services = sorted(BUNDLED_SERVICES)
    made = f"[boto3.client(each).meta.service_model.service_name for each in {services!r}]"
    assert run_alone(local, f"import boto3; print({made})") == str(services)


def test_a_service_that_is_not_bundled_is_not_there(local: Bundle) -> None:
    unknown = "import boto3; print('ec2' in boto3.Session().get_available_services())"
    assert run_alone(local, unknown) == "False"


def test_the_bundle_describes_every_service_for_which_functions_make_a_client() -> None:
    uses = [value for value in vars(aws_clients).values() if isinstance(value, type(aws_clients.STATE))]
    assert aws_clients.STATE in uses
    assert {use.service for use in uses} <= BUNDLED_SERVICES


def test_a_bundle_can_be_asked_what_it_is_made_of(local: Bundle) -> None:
    licence_files = "[f.name for f in m.files('boto3') if f.name == 'LICENSE' and f.locate().is_file()]"
    question = f"import importlib.metadata as m; print(m.metadata('boto3')['License'], {licence_files})"
    assert run_alone(local, question) == "Apache-2.0 ['LICENSE']"


def test_every_module_of_the_local_bundle_is_compiled_and_never_compared_with_its_source(local: Bundle) -> None:
    assert local.compiled
    tag = sys.implementation.cache_tag
    for source in local.folder.rglob("*.py"):
        compiled = source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"
        assert compiled.read_bytes()[4] == UNCHECKED_HASH, compiled


def test_the_aws_bundle_holds_binaries_for_arm64_and_python_3_13_only(aws: Bundle) -> None:
    binaries = [path.name for path in aws.folder.rglob("*.so")]
    assert binaries
    assert [name for name in binaries if "cpython-313-aarch64-linux-gnu" not in name] == []


def test_both_bundles_hold_the_same_functions(local: Bundle, aws: Bundle) -> None:
    held = [{path.relative_to(b.folder) for path in (b.folder / "functions").rglob("*.py")} for b in (local, aws)]
    assert held[0] == held[1]
    assert Path("functions/settings.py") in held[0]


def test_a_second_build_changes_nothing(local: Bundle) -> None:
    before = local.folder.stat().st_ino
    assert build_bundle(Target.LOCAL) == local
    assert local.folder.stat().st_ino == before


def test_the_digest_follows_the_functions(checkout: Path) -> None:
    first = build_bundle(Target.LOCAL, checkout)
    (checkout / "functions" / "settings.py").write_text("A = 1\n")
    second = build_bundle(Target.LOCAL, checkout)
    (checkout / "functions" / "settings.py").unlink()
    third = build_bundle(Target.LOCAL, checkout)
    assert first.digest == third.digest != second.digest
    assert not (checkout / "build" / "lambda-local" / "functions" / "settings.py").exists()


def test_what_is_not_code_stays_out(checkout: Path) -> None:
    functions = checkout / "functions"
    for name in ("tests/test_x.py", "testing/for_authors.py", "__pycache__/x.pyc"):
        (functions / name).parent.mkdir()
        (functions / name).write_text("")
    (functions / "Dockerfile").write_text("FROM scratch\n")
    bundle = build_bundle(Target.LOCAL, checkout)
    held = {path.name for path in (bundle.folder / "functions").iterdir()}
    assert held == {"__init__.py", "__pycache__"}
    assert [path.stem for path in (bundle.folder / "functions" / "__pycache__").iterdir()] == [
        f"__init__.{sys.implementation.cache_tag}"
    ]


def test_code_that_does_not_compile_is_named_and_the_last_good_bundle_stays(checkout: Path) -> None:
    good = build_bundle(Target.LOCAL, checkout)
    (checkout / "functions" / "broken.py").write_text("def (:\n")
    with pytest.raises(BundleFailed, match=r"compiling functions failed: .*functions/broken\.py"):
        build_bundle(Target.LOCAL, checkout)
    assert (good.folder / "functions" / "__init__.py").is_file()
    assert not (good.folder / "functions" / "broken.py").exists()
