"""How what both Regions hold is read, compared and drawn: for the demo and for the drills."""
