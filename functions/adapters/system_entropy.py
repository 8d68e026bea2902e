"""Entropy of the operating system: the one place in functions/ that makes random values."""

import random
import secrets

_RANDOM = random.SystemRandom()


class SystemEntropy:
    """Real randomness."""

    def token(self) -> str:
        """See Entropy."""
        return secrets.token_urlsafe(32)

    def fraction(self) -> float:
        """See Entropy."""
        return _RANDOM.random()
