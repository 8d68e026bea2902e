"""What a local cloud does to a cloud assembly before several processes deploy it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from localstack.assembly import prepare_to_deploy

ASSET = "ff7a"


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """An assembly as the CDK writes it: an environment of two stacks with one bundle."""
    bundle = tmp_path / f"asset.{ASSET}" / "functions"
    bundle.mkdir(parents=True)
    (bundle / "handler.py").write_text("def handle(): ...\n")
    (bundle / "empty").mkdir()
    environment = tmp_path / "assembly-local"
    environment.mkdir()
    for stack in ("east", "west"):
        files = {
            ASSET: {"source": {"path": f"../asset.{ASSET}", "packaging": "zip"}},
            "0123": {"source": {"path": f"{stack}.template.json", "packaging": "file"}},
        }
        (environment / f"{stack}.assets.json").write_text(json.dumps({"version": "55.0.0", "files": files}))
        (environment / f"{stack}.metadata.json").write_text('{"/local/east/Table": [{"type": "aws:cdk:logicalId"}]}')
        (environment / f"{stack}.template.json").write_text('{"Resources": {}}')
    return tmp_path


def test_the_bundle_lies_packed_where_the_command_line_looks_for_it(templates: Path) -> None:
    prepare_to_deploy(templates)
    cache = templates / "assembly-local" / ".cache"
    assert [path.name for path in cache.iterdir()] == [f"{ASSET}.zip"]
    with zipfile.ZipFile(cache / f"{ASSET}.zip") as packed:
        assert packed.namelist() == ["functions/handler.py"]
        assert packed.read("functions/handler.py") == b"def handle(): ...\n"


def test_what_is_packed_already_is_left_alone(templates: Path) -> None:
    prepare_to_deploy(templates)
    packed = templates / "assembly-local" / ".cache" / f"{ASSET}.zip"
    packed.write_bytes(b"packed before")
    prepare_to_deploy(templates)
    assert packed.read_bytes() == b"packed before"


def test_metadata_are_emptied_and_nothing_else_is_changed(templates: Path) -> None:
    prepare_to_deploy(templates)
    for stack in ("east", "west"):
        environment = templates / "assembly-local"
        assert (environment / f"{stack}.metadata.json").read_text() == "{}"
        assert (environment / f"{stack}.template.json").read_text() == '{"Resources": {}}'
        assert ASSET in (environment / f"{stack}.assets.json").read_text()
