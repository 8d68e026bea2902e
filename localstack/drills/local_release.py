"""A new version of functions in one Region of the local cloud, published and put behind `live` as a deploy does.

With the same code it is the fault "a deploy meanwhile"; with changed code it shows that a drill finds a broken rule.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localstack.admin import admin_client
from localstack.first_use import TABLE
from localstack.layout import CHECKOUT, Place

ALIAS = "live"
#: A bundle has tens of megabytes.
UPLOAD_SECONDS = 60.0
BUNDLE = CHECKOUT / "build" / "lambda-local"


class NotInTheCode(Exception):
    """The text that was to be replaced is not there, or not once."""


@dataclass(slots=True)
class Release:
    """New versions of these functions; `code` replaces theirs, for as long as the release stands."""

    place: Place
    functions: Sequence[str]
    code: bytes | None = None
    variables: Mapping[str, str] = field(default_factory=lambda: {"ANTIPODE_RELEASED_BY": "drill"})
    """What is set in their environment where the code stays."""
    before: dict[str, str] = field(default_factory=dict)
    now: dict[str, str] = field(default_factory=dict)
    _put: set[str] = field(default_factory=set)

    def publish(self) -> None:
        """Publish and move the aliases."""
        for name in self._names():
            self.before[name] = self._version(name)
            if self.code is None:
                known = self._lambda().get_function_configuration(FunctionName=name, Qualifier=ALIAS)
                variables = {**known["Environment"]["Variables"], **self.variables}
                self._lambda().update_function_configuration(FunctionName=name, Environment={"Variables": variables})
            else:
                self._lambda().update_function_code(FunctionName=name, **self._uploaded(self.code))
            self.now[name] = self._lambda().publish_version(FunctionName=name)["Version"]
            self._move(name, self.now[name])

    def withdraw(self) -> None:
        """Move the aliases back; the versions stay, as on AWS. A Region that came back empty has none of them.

        Other code does not stay: whoever publishes next, without code of its own, would publish that.
        """
        original: bytes | None = None
        for name, version in self.before.items():
            if self._version(name) != self.now.get(name):
                continue
            self._move(name, version)
            if self.code is not None:
                original = bundle_with({}) if original is None else original
                self._lambda().update_function_code(FunctionName=name, **self._uploaded(original))

    def is_withdrawn(self) -> bool:
        """Whether no alias leads to a version of this release."""
        return all(self._version(name) != version for name, version in self.now.items())

    def effect(self) -> tuple[str, bool]:
        """Which versions it made, and whether they are others than before."""
        moved = [name for name, version in self.now.items() if version != self.before[name]]
        return f"{len(moved)} of {len(self.functions)} functions had another version", len(moved) == len(self.functions)

    def _uploaded(self, code: bytes) -> dict[str, str]:
        """Where the code lies: in the bucket of assets, put there once."""
        store = admin_client(
            "s3", self.place.name, self.place.url, read_seconds=UPLOAD_SECONDS, connect_seconds=UPLOAD_SECONDS
        )
        found = [row["Name"] for row in store.list_buckets()["Buckets"]]
        bucket = next(name for name in found if name.startswith("cdk-") and name.endswith(self.place.name))
        key = f"drill-{hashlib.sha256(code).hexdigest()}.zip"
        if key not in self._put and not store.list_objects_v2(Bucket=bucket, Prefix=key).get("KeyCount"):
            store.put_object(Bucket=bucket, Key=key, Body=code)
        self._put.add(key)
        return {"S3Bucket": bucket, "S3Key": key}

    def _names(self) -> list[str]:
        return [f"{TABLE}-{name}" for name in self.functions]

    def _version(self, name: str) -> str:
        return str(self._lambda().get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"])

    def _move(self, name: str, version: str) -> None:
        self._lambda().update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)

    def _lambda(self) -> Any:
        return admin_client("lambda", self.place.name, self.place.url, read_seconds=UPLOAD_SECONDS)


def bundle_with(changes: Mapping[str, Sequence[tuple[str, str]]], bundle: Path = BUNDLE) -> bytes:
    """The functions' bundle with pieces of source replaced: {file: [(old, new)]}. Raises NotInTheCode.

    The compiled files beside a changed source go, for they would be run in its place.
    """
    compiled = {str(Path(file).parent / "__pycache__" / Path(file).stem) + "." for file in changes}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(path for path in bundle.rglob("*") if path.is_file()):
            name = str(path.relative_to(bundle))
            if name in changes:
                archive.writestr(name, _changed(name, path.read_text("utf-8"), changes[name]))
            elif not any(name.startswith(each) for each in compiled):
                archive.write(path, name)
    return packed.getvalue()


def _changed(name: str, text: str, changes: Sequence[tuple[str, str]]) -> str:
    for old, new in changes:
        if text.count(old) != 1:
            raise NotInTheCode(f"{name} holds {old!r} {text.count(old)} times, not once")
        text = text.replace(old, new)
    return text
