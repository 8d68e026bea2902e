"""Of what both Regions were told, the last word counts."""

from dataclasses import dataclass

from functions.domain.last_word import last_word, last_words, said_after

EARLY, LATE = "2026-11-21T12:00:00.000Z", "2026-11-21T12:00:05.000Z"


@dataclass(frozen=True)
class Said:
    at: str
    region: str
    about: str = "it"


def test_what_was_said_last_counts_and_at_one_moment_the_later_region() -> None:
    east, west = Said(LATE, "us-east-1"), Said(EARLY, "us-west-2")
    assert last_word([east, west]) == last_word([west, east]) == east
    tied = Said(LATE, "us-west-2")
    assert last_word([east, tied]) == last_word([tied, east]) == tied
    assert last_word([]) is None


def test_each_subject_has_its_own_last_word_in_order() -> None:
    first, second, other = Said(EARLY, "us-west-2", "b"), Said(LATE, "us-east-1", "b"), Said(EARLY, "us-east-1", "a")
    found = last_words([first, second, other], lambda each: each.about)
    assert list(found.items()) == [("a", other), ("b", second)]


def test_a_word_is_later_than_all_before_it_also_by_a_slow_clock() -> None:
    early, late = Said(EARLY, "us-east-1"), Said(LATE, "us-west-2")
    assert said_after(LATE) == said_after(LATE, None) == LATE
    assert said_after(LATE, early) == LATE
    assert said_after(EARLY, late, early) == "2026-11-21T12:00:05.001Z"
