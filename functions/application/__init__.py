"""Use cases, one verb_noun.py each, and the ports they need."""
