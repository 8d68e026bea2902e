"""`antipode demo` on a few distributions: the story to its end, and the report. Drills go on with its cloud."""

from __future__ import annotations

import json

from tests.one_cloud import Demonstrated


def test_the_demo_loses_a_region_and_no_job(demonstrated: Demonstrated) -> None:
    written = json.loads((demonstrated.reports / "demo.json").read_text())
    assert all(promise["kept"] for promise in written["promises"])
    assert written["figures"]["adopted"] > 0
    assert (written["figures"]["audits_decided"], written["figures"]["audit_reviews_ended_twice"]) == (2, 0)
    assert "approved by Lena (legal)" in demonstrated.said
    assert "kill -9 of all of us-east-1" in demonstrated.said
    assert (demonstrated.reports / "demo.html").read_text().startswith("<!doctype html>")
