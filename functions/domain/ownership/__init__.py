"""Which Region may work on what, and when its peer may take over."""
