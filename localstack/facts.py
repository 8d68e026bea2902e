"""What was learned while a local cloud was deployed, kept in its folder for every later command."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

_FILE = "facts.json"


@dataclass
class Facts:
    hosted_zone_id: str = ""
    api_ids: dict[str, str] = field(default_factory=dict)
    token: str = ""
    returning: list[str] = field(default_factory=list)
    """Regions that were started after a loss and are not filled and deployed yet."""

    def write(self, folder: Path) -> None:
        """The file holds the operator's token, so only its owner may read it."""
        descriptor = os.open(folder / _FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(self), file)

    @classmethod
    def read(cls, folder: Path) -> Facts:
        try:
            return cls(**json.loads((folder / _FILE).read_text()))
        except (OSError, ValueError, TypeError):
            return cls()
