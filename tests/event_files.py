"""AWS's events as JSON files, in the form that its documentation gives them; one is read anew for each test."""

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "events"


def event(name: str) -> dict[str, Any]:
    """Return the event of that name."""
    value: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    return value
