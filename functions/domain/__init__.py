"""Pure rules of the system: no clock, no randomness, no I/O. Everything a decision needs comes in as data."""
