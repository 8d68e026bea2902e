"""Drills: scripted failures with invariants and bounds, one engine for whatever they are played on (docs/drills.md)."""
