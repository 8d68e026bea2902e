"""`make bench`: runs every benchmark and prints what it found."""

from tests.benchmarks import cold_start


def main() -> None:
    """Run them in turn."""
    for line in cold_start.lines(cold_start.measure()):
        print(line)


if __name__ == "__main__":
    main()
