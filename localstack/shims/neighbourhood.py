"""What one emulator process is told about itself and the others when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Role(StrEnum):
    REGION = "region"
    GLOBAL = "global"


@dataclass(frozen=True)
class Neighbourhood:
    """One process of the local cloud: which Region it plays, and where the processes beside it answer."""

    region: str
    role: Role
    url: str
    siblings: dict[str, str]  # name of each other Region (or "global") -> its URL
    global_url: str  # "" where nobody plays the global services: then this process does it itself
    model_url: str  # "" where there is no model server
    bell: Path | None = None  # rung for each new record of a stream

    @property
    def plays_global_services(self) -> bool:
        return self.role is Role.GLOBAL or not self.global_url
