"""Drills on AWS: what breaks a Region there, what is written down before, and what puts everything back."""
