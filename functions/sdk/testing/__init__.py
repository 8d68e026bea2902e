"""For tests of agents: the real runtime in one process and in virtual time. Nothing that runs in the cloud needs it."""
