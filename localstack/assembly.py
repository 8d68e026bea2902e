"""Does once for a cloud assembly what the CDK's command line would do again in each of the processes that deploy it.

Each Region has a process of its own. Each would pack the functions' bundle, and find the zip if it was there; and each
reads a stack's metadata, a file, twice for each event of each of its resources, to say where in our code it was made.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

#: A local cloud unpacks it again at once: to pack it smaller takes longer than it saves.
_COMPRESSION = 1


def prepare_to_deploy(templates: Path) -> None:
    """Pack what is to be uploaded packed, and empty all metadata. What is deployed is the same."""
    for metadata in templates.rglob("*.metadata.json"):
        metadata.write_text("{}")
    for manifest in templates.rglob("*.assets.json"):
        for name, asset in json.loads(manifest.read_text())["files"].items():
            source = asset["source"]
            if source.get("packaging") == "zip":
                _pack(manifest.parent / source["path"], manifest.parent / ".cache" / f"{name}.zip")


def _pack(folder: Path, packed: Path) -> None:
    if packed.exists():
        return
    packed.parent.mkdir(exist_ok=True)
    unfinished = packed.with_suffix(".unfinished")
    with zipfile.ZipFile(
        unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION, strict_timestamps=False
    ) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    unfinished.rename(packed)
