"""Prompts in the form that the licence reader understands, for its tests."""

from __future__ import annotations


def prompt(metadata: str = "", **files: str) -> str:
    """A review's prompt: METADATA lines, and files by name (`__` stands for `/`, `_DOT_` for a dot)."""
    parts = [_file("METADATA", f"Name: some-name\nVersion: 1.0\n{metadata}")]
    parts += [_file(name.replace("__", "/").replace("_DOT_", "."), text) for name, text in files.items()]
    return "Lines of files follow.\n\n" + "\n\n".join(parts) + "\n\nWhich licence covers this distribution?"


def _file(name: str, text: str) -> str:
    return "\n".join([f"file {name}", *(f"| {line}" for line in text.splitlines())])
