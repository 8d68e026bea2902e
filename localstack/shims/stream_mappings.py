"""Mappings of DynamoDB streams as AWS has them: in the background, by windows, and with an end to what always fails.

The emulator calls a stream's function on the one thread that also reads all queues, so a slow one holds up every
mapping of its process; it tries a batch that fails again for ever, as a whole, and heeds neither a batching window nor
`BisectBatchOnFunctionError`, `MaximumRetryAttempts` and `ReportBatchItemFailures`. Here each mapping runs its batch on
a thread of its own, one at a time, and heeds them all.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import Any

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, module, wrap

_LAMBDA = "services.lambda_svc"
_POLL = Target(_LAMBDA, "_poll_dynamodb_streams", "2b2460e933a9f3c3")
_BACKOFF_SECONDS = 1.0
#: So many records are looked at for those that a filter lets through.
_LOOK_AHEAD = 2000

Record = dict[str, Any]
Mapping = dict[str, Any]


def install(_: Neighbourhood) -> None:
    wrap(_POLL, lambda original: _Mappings().poll)


@dataclass
class _Progress:
    """Where a mapping stands: `upto` ends a batch that was halved, `tries` counts the failures of the one it is at."""

    busy: bool = False
    upto: int | None = None
    tries: int = 0
    window_ends: float | None = None


@dataclass(frozen=True)
class _Batch:
    """Records that the filter lets through, with their positions; `end` is where to go on after them."""

    records: list[Record]
    positions: list[int]
    end: int


class _Mappings:
    """The mappings of one process."""

    def __init__(self) -> None:
        self._progress: dict[str, _Progress] = {}

    def poll(self) -> bool:
        """What the emulator's thread asks for once a round: whether anything moved."""
        emulator = module(_LAMBDA)
        moved = False
        for account, region, mapping in emulator._iter_all_esms():
            table = _table_of(mapping, account, region)
            if table is None or not mapping.get("Enabled", True):
                continue
            with module("core.responses").request_scope(account, region):
                moved = self._start(mapping, table) or moved
        return moved

    def _start(self, mapping: Mapping, table: str) -> bool:
        emulator, database = module(_LAMBDA), module("services.dynamodb")
        state = database._tables.get(table)
        progress = self._progress.setdefault(mapping["UUID"], _Progress())
        function, _ = emulator._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))
        if progress.busy or function is None or not state or state.get("LatestStreamArn") != mapping["EventSourceArn"]:
            return False
        if emulator._esm_backoff_until.get(mapping["UUID"], 0) > time.time():
            return False
        position = self._position(mapping, table)
        if database.stream_end_position(table) == position or not self._is_time(mapping, progress, table, position):
            return False
        batch = _batch(mapping, table, position, progress.upto)
        if not batch.records:
            self._move(mapping, batch.end)
            return True
        progress.window_ends = None
        progress.busy = True
        emulator._dispatch_esm_batch(mapping["UUID"], self._run, mapping, function, batch, progress)
        return True

    def _is_time(self, mapping: Mapping, progress: _Progress, table: str, position: int) -> bool:
        """Whether the batch is full, is being tried again, or has been collected for as long as its window is."""
        window = float(mapping.get("MaximumBatchingWindowInSeconds") or 0)
        waiting = module("services.dynamodb").stream_end_position(table) - position
        if not window or progress.tries or progress.upto is not None:
            return True
        if progress.window_ends is None:
            found = _batch(mapping, table, position, None)
            if not found.records:
                self._move(mapping, found.end)
                return False
            progress.window_ends = time.monotonic() + window
            timer = threading.Timer(window, module(_LAMBDA)._esm_wake.set)
            timer.daemon = True
            timer.start()
        return time.monotonic() >= progress.window_ends or waiting >= 10 * int(mapping.get("BatchSize", 100))

    def _position(self, mapping: Mapping, table: str) -> int:
        emulator, database = module(_LAMBDA), module("services.dynamodb")
        oldest, newest = database.stream_start_position(table), database.stream_end_position(table)
        first = oldest if mapping.get("StartingPosition", "LATEST") == "TRIM_HORIZON" else newest
        with emulator._dynamodb_stream_positions_lock:
            known = emulator._dynamodb_stream_positions.setdefault(mapping["UUID"], first)
        return max(int(known), int(oldest))

    def _move(self, mapping: Mapping, position: int) -> None:
        emulator = module(_LAMBDA)
        with emulator._dynamodb_stream_positions_lock:
            emulator._dynamodb_stream_positions[mapping["UUID"]] = position

    def _run(self, mapping: Mapping, function: Any, batch: _Batch, progress: _Progress) -> None:
        try:
            result = module(_LAMBDA)._execute_function(function, {"Records": batch.records})
            self._settle(mapping, function, batch, progress, result)
        finally:
            progress.busy = False

    def _settle(self, mapping: Mapping, function: Any, batch: _Batch, progress: _Progress, result: Any) -> None:
        failed = _first_failed(mapping, batch, result)
        if failed is None:
            progress.upto, progress.tries = None, 0
            mapping["LastProcessingResult"] = f"OK - {len(batch.records)} records"
            self._move(mapping, batch.end)
            return
        mapping["LastProcessingResult"] = "FAILED"
        emulator = module(_LAMBDA)
        emulator._esm_backoff_until[mapping["UUID"]] = time.time() + _BACKOFF_SECONDS
        if failed > 0:  # what came before it is done; it is the first of the next batch
            progress.upto, progress.tries = None, 1
            self._move(mapping, batch.positions[failed])
            return
        progress.tries += 1
        if mapping.get("BisectBatchOnFunctionError") and len(batch.records) > 1:
            progress.upto, progress.tries = batch.positions[len(batch.records) // 2], 0
            return
        why = _given_up(mapping, batch, progress.tries)
        if why is None:
            return
        source = mapping["EventSourceArn"]
        emulator._send_ddb_stream_failure_record(mapping, function, batch.records, source, result, why)
        progress.upto, progress.tries = None, 0
        self._move(mapping, batch.end)


def _table_of(mapping: Mapping, account: str, region: str) -> str | None:
    emulator = module(_LAMBDA)
    try:
        source = emulator.parse_arn(mapping.get("EventSourceArn", ""))
    except emulator.ArnParseError:
        return None
    if source.service != "dynamodb" or (source.account_id, source.region) != (account, region):
        return None
    named = emulator._dynamodb_stream_table_from_arn_spec(source)
    return None if named is None else str(named[0])


def _batch(mapping: Mapping, table: str, position: int, upto: int | None) -> _Batch:
    """The next records that the filter lets through, and where the reading ends."""
    emulator, database = module(_LAMBDA), module("services.dynamodb")
    size = int(mapping.get("BatchSize", 100))
    found: list[Record] = []
    positions: list[int] = []
    seen = database.stream_records_since(table, position, _LOOK_AHEAD)
    end = position
    for offset, record in enumerate(seen):
        if len(found) == size or position + offset == upto:
            break
        end = position + offset + 1
        if emulator._apply_filter_criteria([record], mapping):
            found.append(record)
            positions.append(position + offset)
    return _Batch(found, positions, end)


def _first_failed(mapping: Mapping, batch: _Batch, result: Any) -> int | None:
    """The place in the batch of the first record to come again; None if all is well."""
    if result.get("error"):
        return 0
    if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
        return None
    body = result.get("body")
    try:
        answer = json.loads(body) if isinstance(body, str) else body
    except ValueError:
        return 0
    reported = [row.get("itemIdentifier") for row in (answer or {}).get("batchItemFailures") or []]
    if not reported:
        return None
    numbers = [record["dynamodb"]["SequenceNumber"] for record in batch.records]
    known = [numbers.index(number) for number in reported if number in numbers]
    return min(known) if len(known) == len(reported) else 0  # an answer that names a record nobody sent fails the batch


def _given_up(mapping: Mapping, batch: _Batch, tries: int) -> str | None:
    """Why AWS would leave the batch out now; None if it is to be tried again."""
    most = int(mapping.get("MaximumRetryAttempts", -1))
    if 0 <= most < tries:
        return "RetryAttemptsExhausted"
    oldest = float(batch.records[0]["dynamodb"].get("ApproximateCreationDateTime", time.time()))
    longest = int(mapping.get("MaximumRecordAgeInSeconds", -1) or -1)
    return "MaxRecordAgeExceeded" if 0 < longest < time.time() - oldest else None
