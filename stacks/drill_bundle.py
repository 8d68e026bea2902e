"""Builds the code of the drills' functions: the bundle of all functions, and what plays drills on top of it.

Apart from the other bundle, so that no worker holds what can break a Region. botocore's descriptions of the services
that only drills call come from the botocore that is installed here, which has the version that the bundle has.
"""

from __future__ import annotations

import importlib.metadata
import shutil
from pathlib import Path

import botocore

from stacks.bundle import BundleFailed, Target, build_bundle
from stacks.toolchain import CHECKOUT

#: What drills call beside what functions call.
SERVICES = frozenset({"cloudformation", "cloudwatch", "fis", "lambda", "route53", "ssm"})
#: The sources beside functions/: what plays drills on AWS, and what that imports.
SOURCES = (
    "localstack/__init__.py",
    "localstack/drills/*.py",
    "localstack/drills/on_aws/*.py",
    "localstack/evidence/__init__.py",
    "localstack/evidence/replicas.py",
    "localstack/evidence/stretches.py",
    "stacks/__init__.py",
    "stacks/api_client.py",
    "stacks/naming.py",
)
#: Of those, what needs the local cloud, or makes pages.
LEFT_OUT = ("archive.py", "live_view.py", "local_*.py", "pictures.py", "report.py", "*rules.py")


def build_drill_bundle(target: Target, checkout: Path = CHECKOUT) -> Path:
    """Bring `build/lambda-<target>-drills` up to date and return it. Raises BundleFailed."""
    functions = build_bundle(target, checkout).folder
    _check_version(functions)
    folder = functions.with_name(f"{functions.name}-drills")
    unfinished = folder.with_name(f"unfinished-{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(functions, unfinished, copy_function=shutil.copy2)
    _add_services(unfinished)
    add_sources(unfinished, checkout)
    shutil.rmtree(folder, ignore_errors=True)
    return unfinished.rename(folder)


def _check_version(bundle: Path) -> None:
    here = importlib.metadata.version("botocore")
    if not (bundle / f"botocore-{here}.dist-info").is_dir():
        raise BundleFailed(f"the bundle has another botocore than {here}, which is installed here")


def _add_services(bundle: Path) -> None:
    described = Path(botocore.__file__).parent / "data"
    for service in SERVICES:
        shutil.copytree(described / service, bundle / "botocore" / "data" / service, dirs_exist_ok=True)


def add_sources(bundle: Path, checkout: Path) -> None:
    """Copy what plays drills on AWS into a bundle."""
    for pattern in SOURCES:
        for source in checkout.glob(pattern):
            if not any(source.match(name) for name in LEFT_OUT):
                place = bundle / source.relative_to(checkout)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, place)
