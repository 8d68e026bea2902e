"""A long job goes from worker to worker."""

from tests.benchmarks.many_workers import run_to_its_end


def test_a_thousand_steps_are_done_by_twenty_workers_and_none_is_done_twice() -> None:
    passage = run_to_its_end("slow", 1_000, worker_seconds=10.0)
    assert passage.status == "succeeded"
    assert len(passage.attempts) >= 20
    assert passage.seconds < 1_000 * 0.2 + len(passage.attempts) * 2.0
