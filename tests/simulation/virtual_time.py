"""The simulation's time: the virtual time that the SDK gives to authors for their own tests."""

from functions.sdk.testing.virtual_time import (
    START,
    Call,
    NothingLeftToHappen,
    VirtualClock,
    VirtualLoop,
    in_virtual_time,
    pass_time,
    run_virtually,
)

__all__ = [
    "START",
    "Call",
    "NothingLeftToHappen",
    "VirtualClock",
    "VirtualLoop",
    "in_virtual_time",
    "pass_time",
    "run_virtually",
]
