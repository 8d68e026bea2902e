"""Where every part of the local cloud listens, and where it keeps its state.

One value, worked out once and handed to everyone, so that no other file knows an address. Several local clouds
(the user's and those of tests) live side by side: each has a slot, and no two slots share an address or a folder.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT_REGIONS = ("us-east-1", "us-west-2")
GLOBAL = "global"
CHECKOUT = Path(__file__).resolve().parent.parent

_EMULATOR_PORT = 4566
_DNS_PORT = 10053
_MODEL_PORT = 8080
_HIGHEST_SLOT = 25  # the last whose addresses 127.0.(10 * slot + 5).1 still exist


@dataclass(frozen=True)
class Place:
    """A name and the loopback address and port at which it answers."""

    name: str
    address: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}"


@dataclass(frozen=True)
class Layout:
    """The places of one local cloud."""

    slot: int
    regions: tuple[Place, ...]
    global_: Place
    dns: Place
    model: Place
    folder: Path

    @classmethod
    def detect(
        cls,
        slot: int = 0,
        regions: Sequence[str] = DEFAULT_REGIONS,
        *,
        checkout: Path = CHECKOUT,
        can_bind: Callable[[str], bool] | None = None,
    ) -> Layout:
        """The layout of a slot: its own loopback addresses where the machine has them, its own ports where not."""
        if not 0 <= slot <= _HIGHEST_SLOT:
            raise ValueError(f"slot {slot} is not between 0 and {_HIGHEST_SLOT}")
        if len(regions) != 2 or len(set(regions)) != 2:
            raise ValueError(f"a local cloud has two distinct Regions, not {list(regions)}")
        folder = checkout / ".antipode" / f"local-{slot}"
        own_addresses = [f"127.0.{10 * slot + last}.1" for last in range(1, 6)]
        bindable = can_bind or _can_bind
        if all(bindable(address) for address in own_addresses):
            return cls._on_own_addresses(slot, regions, own_addresses, folder)
        return cls._on_own_ports(slot, regions, folder)

    @classmethod
    def _on_own_addresses(cls, slot: int, regions: Sequence[str], addresses: Sequence[str], folder: Path) -> Layout:
        first, second, global_, dns, model = addresses
        return cls(
            slot=slot,
            regions=(Place(regions[0], first, _EMULATOR_PORT), Place(regions[1], second, _EMULATOR_PORT)),
            global_=Place(GLOBAL, global_, _EMULATOR_PORT),
            dns=Place("dns", dns, _DNS_PORT),
            model=Place("model", model, _MODEL_PORT),
            folder=folder,
        )

    @classmethod
    def _on_own_ports(cls, slot: int, regions: Sequence[str], folder: Path) -> Layout:
        shift = 100 * slot
        first = _EMULATOR_PORT + shift
        return cls(
            slot=slot,
            regions=(Place(regions[0], "127.0.0.1", first), Place(regions[1], "127.0.0.1", first + 1)),
            global_=Place(GLOBAL, "127.0.0.1", first + 2),
            dns=Place("dns", "127.0.0.1", _DNS_PORT + shift),
            model=Place("model", "127.0.0.1", _MODEL_PORT + shift),
            folder=folder,
        )

    @property
    def emulators(self) -> tuple[Place, ...]:
        """Every emulator process: both Regions, then the one of the global services."""
        return (*self.regions, self.global_)

    def emulator(self, name: str) -> Place:
        """The emulator process of a Region, or of the global services."""
        for place in self.emulators:
            if place.name == name:
                return place
        raise ValueError(f"no emulator is called {name!r}; there are {[place.name for place in self.emulators]}")

    def peer(self, region: str) -> Place:
        """The other Region."""
        (other,) = (place for place in self.regions if place.name != self.emulator(region).name)
        return other

    def to_json(self) -> str:
        return json.dumps(
            {
                "slot": self.slot,
                "regions": [_place_json(place) for place in self.regions],
                "global": _place_json(self.global_),
                "dns": _place_json(self.dns),
                "model": _place_json(self.model),
                "folder": str(self.folder),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Layout:
        data = json.loads(text)
        return cls(
            slot=data["slot"],
            regions=tuple(Place(**place) for place in data["regions"]),
            global_=Place(**data["global"]),
            dns=Place(**data["dns"]),
            model=Place(**data["model"]),
            folder=Path(data["folder"]),
        )


def _place_json(place: Place) -> dict[str, str | int]:
    return {"name": place.name, "address": place.address, "port": place.port}


def _can_bind(address: str) -> bool:
    """Whether this machine has that loopback address (Linux has all of 127/8, macOS only 127.0.0.1)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
