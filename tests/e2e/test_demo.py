"""`antipode demo` on a few distributions: the story to its end, the report, and nothing left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from localstack.layout import CHECKOUT, Layout
from tests.integration.emulator.processes import leased_slot
from tests.integration.local_cloud.traces import open_ports_of, processes_of


def test_the_demo_loses_a_region_and_no_job(tmp_path: Path) -> None:
    with leased_slot() as slot:
        command = [sys.executable, "-m", "stacks.cli", "demo", "--slot", str(slot), "--limit", "16", "--reports"]
        done = subprocess.run(
            [*command, str(tmp_path)], cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=900
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
        layout = Layout.detect(slot)
        assert not layout.folder.exists()
        assert [*processes_of(layout), *open_ports_of(layout)] == []
    written = json.loads((tmp_path / "demo.json").read_text())
    assert all(promise["kept"] for promise in written["promises"])
    assert written["figures"]["adopted"] > 0
    assert (written["figures"]["audits_decided"], written["figures"]["audit_reviews_ended_twice"]) == (2, 0)
    assert "approved by Lena (legal)" in done.stdout
    assert "kill -9 of all of us-east-1" in done.stdout
    assert (tmp_path / "demo.html").read_text().startswith("<!doctype html>")
