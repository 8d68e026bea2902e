"""Builds the one code bundle that all functions share, without Docker and without importing the CDK.

    python -m stacks.bundle local aws

`build/lambda-local` holds wheels for this machine, for the local cloud; `build/lambda-aws` holds wheels for Python
3.13 on arm64. Both come from functions/requirements.lock by hash, then lose what no function opens: botocore's
descriptions of unused services are 24 of its 29 MB. `.dist-info` stays, since an agent may read it.

Compiled files: `.pyc` files halve a cold start, but only the interpreter that will run them can write them. The local
bundle is compiled by this interpreter. The AWS bundle is compiled where a Python 3.13 is at hand (this one, or
`python3.13` on the PATH); any other version cannot do it, and then sources alone are shipped and `Bundle.compiled` is
False. They are written as unchecked-hash: sources in a bundle never change, so no import spends time on comparing.

Same inputs, same digest: `Bundle.digest` covers the lock, functions/, this file, and the interpreter that compiled. The
dependencies are kept in build/dependencies, so a change in functions/ alone costs no download and no network.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from stacks.toolchain import CHECKOUT, ToolMissing, uv_binary

# The AWS services that functions/ calls. A test compares this with the clients that functions/adapters makes.
BUNDLED_SERVICES = frozenset({"bedrock-runtime", "dynamodb", "events", "s3", "sqs", "sts"})

_LEFT_OUT_OF_FUNCTIONS = shutil.ignore_patterns(
    "__pycache__", "*.pyc", "tests", "testing", "Dockerfile", "requirements.lock"
)
_AWS_PYTHON = "3.13"
_AWS_CACHE_TAG = "cpython-313"
_AWS_CODE_FOLDER = "/var/task"


class BundleFailed(Exception):
    """A step of the build went wrong; the message says which and why."""


class Target(StrEnum):
    """Where a bundle is going to run."""

    LOCAL = "local"
    AWS = "aws"


@dataclass(frozen=True)
class Bundle:
    """A finished bundle: give `folder` to Lambda, `digest` to whoever must know whether it changed."""

    folder: Path
    digest: str
    compiled: bool


def build_bundle(target: Target, checkout: Path = CHECKOUT) -> Bundle:
    """Bring `build/lambda-<target>` up to date with the lock and functions/, and say what it is."""
    build = checkout / "build"
    build.mkdir(exist_ok=True)
    compiler = _compiler(target)
    lock = checkout / "functions" / "requirements.lock"
    with _alone_in(build):
        dependencies = _dependencies(target, build / "dependencies", lock, compiler)
        digest = _digest(dependencies.name.encode(), *_contents(checkout / "functions"))
        folder, note = build / f"lambda-{target}", build / f"lambda-{target}.digest"
        if not (folder.is_dir() and note.is_file() and note.read_text("utf-8") == digest):
            note.unlink(missing_ok=True)
            _assemble(target, dependencies, checkout / "functions", folder, compiler)
            note.write_text(digest, "utf-8")
    return Bundle(folder, digest, compiled=compiler is not None)


def _dependencies(target: Target, shelf: Path, lock: Path, compiler: str | None) -> Path:
    """The installed, trimmed and compiled wheels; their folder's name carries the digest of all that shaped them."""
    built_for = [platform.machine(), sys.platform] if target is Target.LOCAL else [_AWS_PYTHON]
    shaped_by = [*built_for, _cache_tag(compiler)]
    digest = _digest(lock.read_bytes(), Path(__file__).read_bytes(), *(part.encode() for part in shaped_by))
    finished = shelf / f"{target}-{digest[:24]}"
    if finished.is_dir():
        return finished
    unfinished = _emptied(shelf / f"unfinished-{target}")
    _install(target, lock, unfinished)
    _trim(unfinished)
    _compile(target, compiler, unfinished)
    for older in shelf.glob(f"{target}-*"):
        shutil.rmtree(older)
    return unfinished.rename(finished)


def _install(target: Target, lock: Path, into: Path) -> None:
    platform_options = ["--python", sys.executable]
    if target is Target.AWS:
        platform_options += ["--python-platform", "aarch64-manylinux2014", "--python-version", _AWS_PYTHON]
    command = [str(uv_binary()), "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--link-mode", "copy"]
    # Only wheels: a source distribution would be built for this machine whatever the target.
    options = ["--only-binary", ":all:", "--target", str(into), "--requirement", str(lock)]
    _run([*command, *platform_options, *options], f"installing {lock.name} for {target}")


def _trim(folder: Path) -> None:
    """Remove what no function opens, and what would differ between two machines."""
    services = folder / "botocore" / "data"
    unused = [entry for entry in services.iterdir() if entry.is_dir() and entry.name not in BUNDLED_SERVICES]
    unused += [*services.glob("*/*/examples-1.json"), folder / "bin", folder / "boto3" / "data", folder / ".lock"]
    for entry in unused:
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)
    for record in folder.glob("*.dist-info/RECORD"):
        lines = record.read_text("utf-8").splitlines(keepends=True)
        record.write_text("".join(line for line in lines if (folder / line.split(",")[0]).is_file()), "utf-8")


def _assemble(target: Target, dependencies: Path, functions: Path, folder: Path, compiler: str | None) -> None:
    """Put dependencies and functions/ together beside `folder`, then swap, so that no reader sees half a bundle."""
    unfinished = _emptied(folder.with_name(f"unfinished-{folder.name}"))
    shutil.copytree(dependencies, unfinished, copy_function=_link_or_copy, dirs_exist_ok=True)
    shutil.copytree(functions, unfinished / "functions", ignore=_LEFT_OUT_OF_FUNCTIONS)
    _compile(target, compiler, unfinished, only="functions")
    if folder.exists():
        replaced = _emptied(folder.with_name(f"replaced-{folder.name}"))
        folder.rename(replaced)
        unfinished.rename(folder)
        shutil.rmtree(replaced)
    else:
        unfinished.rename(folder)


def _compile(target: Target, compiler: str | None, folder: Path, only: str = "") -> None:
    if compiler is None:
        return
    # Paths in a `.pyc` are those of the place where it will run, so a traceback names no build folder.
    paths = ["-s", str(folder), *(["-p", _AWS_CODE_FOLDER] if target is Target.AWS else [])]
    options = ["-q", "-f", "-j", "0", "--invalidation-mode", "unchecked-hash", *paths]
    _run([compiler, "-I", "-m", "compileall", *options, str(folder / only)], f"compiling {only or 'the dependencies'}")


def _compiler(target: Target) -> str | None:
    """The interpreter whose `.pyc` files the target can load; None where this machine has none."""
    if target is Target.LOCAL or sys.implementation.cache_tag == _AWS_CACHE_TAG:
        return sys.executable
    candidate = shutil.which(f"python{_AWS_PYTHON}")
    return candidate if _cache_tag(candidate) == _AWS_CACHE_TAG else None


def _cache_tag(interpreter: str | None) -> str:
    """Which `.pyc` files the interpreter writes, for example `cpython-313`; nothing if it does not start."""
    if interpreter is None:
        return ""
    question = "import sys; print(sys.implementation.cache_tag)"
    answer = subprocess.run([interpreter, "-I", "-c", question], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def _contents(functions: Path) -> Iterator[bytes]:
    """Names and bytes of all that goes into a bundle from functions/, in an order that is the same everywhere."""
    for folder, subfolders, files in os.walk(functions):
        left_out = _LEFT_OUT_OF_FUNCTIONS(folder, [*subfolders, *files])
        subfolders[:] = sorted(set(subfolders) - left_out)
        for name in sorted(set(files) - left_out):
            path = Path(folder) / name
            yield path.relative_to(functions).as_posix().encode()
            yield path.read_bytes()


def _digest(*parts: bytes) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()


def _run(command: list[str], doing: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        reason = " / ".join(line.strip() for line in said[-5:])
        raise BundleFailed(f"{doing} failed: {reason}")


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _link_or_copy(source: str, destination: str) -> None:
    try:
        os.link(source, destination)
    except OSError:
        shutil.copy2(source, destination)


@contextmanager
def _alone_in(build: Path) -> Iterator[None]:
    """Tests and commands may want a bundle at the same moment: one builds, the others wait and find it ready."""
    with (build / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def main(arguments: list[str]) -> None:
    """Build the named bundles and print one line for each."""
    parser = argparse.ArgumentParser(prog="python -m stacks.bundle", description="Build the functions' code bundle.")
    parser.add_argument("targets", nargs="+", choices=[target.value for target in Target])
    for name in parser.parse_args(arguments).targets:
        began = time.monotonic()
        bundle = build_bundle(Target(name))
        took = f"{time.monotonic() - began:.1f} s"
        remark = "" if bundle.compiled else f", sources only: no Python {_AWS_PYTHON} here to compile for AWS"
        print(f"{bundle.folder.relative_to(CHECKOUT)} {bundle.digest[:12]} ({took}{remark})")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (BundleFailed, ToolMissing) as failure:
        raise SystemExit(f"bundle: {failure}") from None
