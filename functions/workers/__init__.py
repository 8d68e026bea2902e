"""One file per container command, over the same use cases as the handlers."""
