"""Where the parts of a local cloud listen (localstack/layout.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from localstack.layout import Layout, Place


def detect(slot: int, tmp_path: Path, *, has_loopback: bool = True) -> Layout:
    return Layout.detect(slot, checkout=tmp_path, can_bind=lambda address: has_loopback or address == "127.0.0.1")


def test_a_slot_has_loopback_addresses_of_its_own(tmp_path: Path) -> None:
    assert detect(0, tmp_path) == Layout(
        slot=0,
        regions=(Place("us-east-1", "127.0.1.1", 4566), Place("us-west-2", "127.0.2.1", 4566)),
        global_=Place("global", "127.0.3.1", 4566),
        dns=Place("dns", "127.0.4.1", 10053),
        model=Place("model", "127.0.5.1", 8080),
        folder=tmp_path / ".antipode" / "local-0",
    )


def test_where_there_are_no_such_addresses_a_slot_has_ports_of_its_own(tmp_path: Path) -> None:
    assert detect(2, tmp_path, has_loopback=False) == Layout(
        slot=2,
        regions=(Place("us-east-1", "127.0.0.1", 4766), Place("us-west-2", "127.0.0.1", 4767)),
        global_=Place("global", "127.0.0.1", 4768),
        dns=Place("dns", "127.0.0.1", 10253),
        model=Place("model", "127.0.0.1", 8280),
        folder=tmp_path / ".antipode" / "local-2",
    )


@pytest.mark.parametrize("has_loopback", [True, False])
def test_no_two_slots_share_a_place_or_a_folder(tmp_path: Path, *, has_loopback: bool) -> None:
    seen: set[object] = set()
    for slot in range(26):
        layout = detect(slot, tmp_path, has_loopback=has_loopback)
        places = [(each.address, each.port) for each in (*layout.emulators, layout.dns, layout.model)]
        taken = {*places, layout.folder}
        assert len(taken) == 6
        assert not taken & seen
        seen |= taken


def test_a_layout_survives_being_written_and_read(tmp_path: Path) -> None:
    layout = detect(7, tmp_path)

    assert Layout.from_json(layout.to_json()) == layout


def test_the_peer_of_each_region_is_the_other(tmp_path: Path) -> None:
    layout = detect(0, tmp_path)

    assert layout.peer("us-east-1").name == "us-west-2"
    assert layout.peer("us-west-2").name == "us-east-1"


@pytest.mark.parametrize(
    ("slot", "regions", "complaint"),
    [
        (26, ("us-east-1", "us-west-2"), "slot 26 is not between 0 and 25"),
        (-1, ("us-east-1", "us-west-2"), "slot -1 is not between 0 and 25"),
        (0, ("us-east-1", "us-east-1"), "two distinct Regions"),
        (0, ("us-east-1",), "two distinct Regions"),
    ],
)
def test_an_impossible_layout_is_refused(slot: int, regions: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Layout.detect(slot, regions)


def test_an_unknown_emulator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no emulator is called 'mars'; there are .*global"):
        detect(0, tmp_path).emulator("mars")
