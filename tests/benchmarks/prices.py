"""The prices that benches reckon with: those of the whole project."""

from stacks.prices import PRICES, Price, dollars

__all__ = ["PRICES", "Price", "dollars"]
