"""The demo: both Regions up, one lost with work in flight, and a report of what was measured."""
