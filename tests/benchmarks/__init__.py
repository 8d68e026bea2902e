"""Benchmarks (`make bench`): printed, never asserted by the clock. Machines are shared: times are ratios in one run."""
