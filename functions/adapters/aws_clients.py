"""The one place where AWS clients are made: each on first use, with the retries and time limits that its use calls for.

boto3 itself is imported with the first client. A function that needs none of it (an unknown token, a bad body) pays
nothing, and a worker pays for the clients that its jobs ask for, no others.
"""

import gc
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

#: What a call to the peer may take in all. A dead peer costs a submit this much, and no more.
PEER_LIMIT_SECONDS = 0.9
#: What a call to the control table may take in all.
CONTROL_LIMIT_SECONDS = 2.0
#: What a payload's way to the peer may take in all. The largest one, packed, has some tens of megabytes.
PEER_PAYLOAD_LIMIT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class _Use:
    """What a client is for: its service, its time limits, and how many calls it makes at once."""

    service: str
    connect_seconds: float
    read_seconds: float
    attempts: int
    threads: int


#: A batch of ten jobs makes ten calls at once, with room for jobs that do several things at once.
STATE = _Use("dynamodb", connect_seconds=1.0, read_seconds=3.0, attempts=3, threads=16)
#: The second attempt only as far as `PEER_LIMIT_SECONDS` allows.
PEER_STATE = _Use("dynamodb", connect_seconds=0.4, read_seconds=0.6, attempts=2, threads=16)
#: What is known of a lease counts for seven seconds, so an answer that takes longer than two is none.
CONTROL = _Use("dynamodb", connect_seconds=0.5, read_seconds=1.0, attempts=2, threads=2)
LANES = _Use("sqs", connect_seconds=1.0, read_seconds=3.0, attempts=3, threads=4)
#: For hints that can wake a job sooner; nothing depends on them.
PEER_LANES = _Use("sqs", connect_seconds=0.4, read_seconds=0.6, attempts=1, threads=2)
#: Few at once: a payload of 100 MB is in memory several times over while it is packed and sent.
PAYLOADS = _Use("s3", connect_seconds=1.0, read_seconds=10.0, attempts=3, threads=4)
PEER_PAYLOADS = _Use("s3", connect_seconds=1.0, read_seconds=5.0, attempts=2, threads=4)
#: One request after the other, so that a job's events keep their order.
BUS = _Use("events", connect_seconds=1.0, read_seconds=3.0, attempts=3, threads=1)
#: One attempt: a job that got no answer is tried again later, with backoff, and does not hold up its batch.
MODEL = _Use("bedrock-runtime", connect_seconds=2.0, read_seconds=60.0, attempts=1, threads=32)
#: Services that are asked by small JSON and answer at once: http.client sends their calls (decision 46).
_SMALL_CALLS = frozenset({"dynamodb", "sqs"})


class AwsClients:
    """The clients of one process. Safe to call from any thread; every method returns the same client each time."""

    def __init__(
        self, region: str, peer_region: str, peer_endpoint_url: str | None, control_endpoint_url: str | None = None
    ) -> None:
        self._region = region
        self._peer_region = peer_region
        self._peer_endpoint_url = peer_endpoint_url
        self._control_endpoint_url = control_endpoint_url
        self._lock = threading.Lock()
        self._session: Any = None
        self._made: dict[_Use, Any] = {}

    def state(self) -> "DynamoDBClient":
        """DynamoDB in this Region."""
        client: DynamoDBClient = self._get(STATE, self._region)
        return client

    def peer_state(self) -> "DynamoDBClient":
        """DynamoDB in the peer Region."""
        client: DynamoDBClient = self._get(PEER_STATE, self._peer_region, self._peer_endpoint_url)
        return client

    def control(self) -> "DynamoDBClient":
        """DynamoDB in this Region, for the control table."""
        client: DynamoDBClient = self._get(CONTROL, self._region, self._control_endpoint_url)
        return client

    def lanes(self) -> "SQSClient":
        """SQS in this Region."""
        client: SQSClient = self._get(LANES, self._region)
        return client

    def peer_lanes(self) -> "SQSClient":
        """SQS in the peer Region."""
        client: SQSClient = self._get(PEER_LANES, self._peer_region, self._peer_endpoint_url)
        return client

    def payloads(self) -> "S3Client":
        """S3 in this Region."""
        client: S3Client = self._get(PAYLOADS, self._region)
        return client

    def peer_payloads(self) -> "S3Client":
        """S3 in the peer Region."""
        client: S3Client = self._get(PEER_PAYLOADS, self._peer_region, self._peer_endpoint_url)
        return client

    def bus(self) -> "EventBridgeClient":
        """EventBridge in this Region."""
        client: EventBridgeClient = self._get(BUS, self._region)
        return client

    def model(self) -> "BedrockRuntimeClient":
        """Bedrock in this Region."""
        client: BedrockRuntimeClient = self._get(MODEL, self._region)
        return client

    def _get(self, use: _Use, region: str, endpoint_url: str | None = None) -> Any:
        with self._lock:
            if use not in self._made:
                gc.disable()  # loading frees nothing: looking for garbage meanwhile takes a tenth of the time
                try:
                    self._made[use] = self._make(use, region, endpoint_url)
                finally:
                    gc.enable()
            return self._made[use]

    def _make(self, use: _Use, region: str, endpoint_url: str | None) -> Any:
        import boto3.session
        from botocore.config import Config

        if self._session is None:
            self._session = boto3.session.Session()
        config = Config(
            # What a call costs in CPU before anything is sent, a third of it in all (decision 34): a text that is
            # built once in place of twice a call, and no look through each item for what the contract tests, which
            # do check each call, and DynamoDB itself would find.
            user_agent=f"Antipode Boto3/{boto3.__version__}",
            parameter_validation=False,
            connect_timeout=use.connect_seconds,
            read_timeout=use.read_seconds,
            retries={"total_max_attempts": use.attempts, "mode": "standard"},
            max_pool_connections=use.threads,
            tcp_keepalive=True,
            **(self._s3_options() if use.service == "s3" else {}),
        )
        client = self._session.client(use.service, region_name=region, endpoint_url=endpoint_url, config=config)
        if use.service in _SMALL_CALLS:
            from functions.adapters.kept_connections import KeptConnections

            endpoint = client._endpoint
            endpoint.http_session = KeptConnections(endpoint.http_session, use.connect_seconds, use.read_seconds)
        return client

    def _s3_options(self) -> dict[str, Any]:
        """S3 at its regional address, and below one that was given by path: `bucket.<address>` may lead nowhere.

        Left to itself, botocore signs addresses at `s3.amazonaws.com`, which another Region has to answer. A checksum
        of its own is left out: it would be signed into addresses, and content is checked by its name.
        """
        style = "virtual" if self._peer_endpoint_url is None else "path"
        return {
            "s3": {"addressing_style": style, "us_east_1_regional_endpoint": "regional"},
            "signature_version": "s3v4",
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        }
