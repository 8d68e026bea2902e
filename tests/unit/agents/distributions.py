"""Installed distributions made up for the tests of the licence review."""

from __future__ import annotations

from pathlib import Path

MIT_TEXT = """\
MIT License

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software, to deal in the Software without restriction.
"""


def install(site: Path, name: str, metadata: str = "", files: dict[str, str] | None = None) -> None:
    """A distribution in `site`: its METADATA, its files (by path from `site`), and the RECORD that names them."""
    folder = f"{name.replace('-', '_')}-1.0.dist-info"
    header = f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{metadata}".rstrip("\n")
    contents = {f"{folder}/METADATA": f"{header}\n\nLicense: this is the description, not the header\n"}
    contents |= {path.replace("DIST-INFO", folder): text for path, text in (files or {}).items()}
    for path, text in contents.items():
        target = site / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    (site / folder / "RECORD").write_text("".join(f"{path},,\n" for path in contents), "utf-8")
