"""A job as history: events, the segments that carry them, and the fold to state."""
