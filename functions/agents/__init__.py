"""The agents that ship, one file each."""
