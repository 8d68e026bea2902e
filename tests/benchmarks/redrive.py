"""How many dead letters a bulk redrive takes back to their lanes in a second, through the local cloud.

Jobs fail, one `POST /v1/dead-letters/redrive` asks for all of them at the highest rate, and the redrive, which is a job
itself, is done when each of them has been sent on its way again. They fail anew, for the next round.
"""

import os
import time

from tests.benchmarks.in_cloud import BenchedCloud, at_once, benched_cloud
from tests.benchmarks.report import Line, line_of
from tests.eventually import eventually

JOBS = 100
ROUNDS = 3
ASKED_PER_SECOND = 500
CLIENTS = 4
FAILING = {"steps": 1, "milliseconds": 0, "fail_at": 1}


def letters(cloud: BenchedCloud, region: str) -> int:
    """How many jobs are on the list."""
    count, place = 0, ""
    while True:
        page = cloud.call(region, "GET", f"/dead-letters?agent=probe&limit=100{place}").json()
        count += len(page["dead_letters"])
        if page.get("next") is None:
            return count
        place = f"&before={page['next']}"


def run_round(cloud: BenchedCloud, region: str) -> float:
    """Redrive all letters and return how many a second it were; afterwards all of them are letters again."""
    begun = time.perf_counter()
    body = {"filter": {"agent": "probe"}, "rate_per_second": ASKED_PER_SECOND}
    asked = cloud.call(region, "POST", "/dead-letters/redrive", json=body).json()
    done = cloud.result(region, asked["id"])
    seconds = time.perf_counter() - begun
    assert done["result"]["redriven"] == JOBS, done
    eventually(lambda: letters(cloud, region), lambda count: count >= JOBS, within=120, what="all jobs fail again")
    return JOBS / seconds


def lines() -> list[Line]:
    """Measure and return what to print."""
    cloud = benched_cloud()
    region = cloud.regions[0]
    jobs = at_once(lambda _: cloud.submit(region, input=FAILING), range(JOBS), CLIENTS)
    at_once(lambda job: cloud.result(region, job), jobs, CLIENTS)
    before = cloud.cpu_seconds()
    rates = [run_round(cloud, region) for _ in range(ROUNDS)]
    spent = (cloud.cpu_seconds() - before).total() / JOBS / ROUNDS * 1000
    return [
        line_of(f"jobs redriven, {ASKED_PER_SECOND} a second asked for", rates, "jobs a second", digits=1),
        Line("CPU of all processes, the jobs' second failures included", spent, "ms a job", digits=1),
        Line("the machine's load", os.getloadavg()[0], "", f"{os.cpu_count()} cores"),
    ]
