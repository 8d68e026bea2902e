"""DynamoDB global tables whose replicas live in other emulator processes.

The emulator takes a template's `AWS::DynamoDB::GlobalTable` for a table of one Region, and keeps replicas made through
its API inside the same process. Here the resource makes the same table in every Region's process that its `Replicas`
name; what is written is carried between them by our own replication link, with the lag and the faults that the
emulator's synchronous copy does not have. A Region that comes back empty asks the others which replicas it should hold
and makes them before it serves.

A table with strong consistency is another matter: it lies in one process, that of what all Regions share, and is one
and the same to whoever asks for any of its replicas. So conditions hold in all Regions at once, as on AWS; that AWS
refuses one of two writes that meet, and what a cut-off replica answers, it does not show.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from typing import Any

from localstack.shims import peering
from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, module, wrap
from localstack.shims.worker_threads import run_on_worker_thread

Properties = dict[str, Any]
Attributes = dict[str, str]

_TYPE = "AWS::DynamoDB::GlobalTable"
_PROVISIONERS = "services.cloudformation.provisioners"
_CREATE = Target(_PROVISIONERS, "_ddb_global_table_create", "cd71b40024fd2b1a")
_UPDATE = Target(_PROVISIONERS, "_ddb_global_table_update", "fa63a6a118be99b5")
_DELETE = Target(_PROVISIONERS, "_ddb_global_table_delete", "ae2c6ae3188558cb")
_DESCRIPTION = Target("services.dynamodb", "_table_description", "e6f5cce379b8a883")

_MEMBERSHIP = "_antipode_global_table"  # on the emulator's record of a table: the properties it was made from
_SUBJECT = "global-table"
_WANTED = "global-tables"

log = logging.getLogger("antipode.global_table")


def install(neighbourhood: Neighbourhood) -> None:
    for target in (_CREATE, _UPDATE, _DELETE):
        target.checked()
    tables = _GlobalTables(neighbourhood)
    module(_PROVISIONERS)._RESOURCE_HANDLERS[_TYPE] = {
        "create": tables.create,
        "update": tables.update,
        "delete": tables.delete,
    }
    wrap(_DESCRIPTION, _list_replicas)
    run_on_worker_thread(_TYPE)
    peering.answer(_SUBJECT, neighbourhood.region, _carry_out)
    peering.answer(_WANTED, neighbourhood.region, _tables_with_replicas)
    tables.make_missing_replicas()


class _GlobalTables:
    """The CloudFormation handlers of the resource, in the Region whose stack declares it."""

    def __init__(self, neighbourhood: Neighbourhood) -> None:
        self._region = neighbourhood.region
        self._siblings = neighbourhood.siblings

    def create(self, logical_id: str, props: Properties, stack_name: str) -> tuple[str, Attributes]:
        name = props.get("TableName") or module(_PROVISIONERS)._physical_name(stack_name, logical_id, max_len=255)
        if _is_strong(props):
            return name, _make_shared(name, props)
        self._refuse_unplayed_regions(props)
        attributes = _make(name, props)
        for region in _other_regions(props, self._region):
            self._tell(region, {"verb": "make", "name": name, "props": props})
        return name, attributes

    def update(self, name: str, old: Properties, new: Properties, stack_name: str) -> tuple[str, Attributes]:
        if new.get("TableName") not in (None, name):
            created = self.create(new["TableName"], new, stack_name)
            module(_PROVISIONERS)._delete_predecessor(self.delete, name, old)
            return created
        if _is_strong(new):
            return name, _attributes(name)  # such a table is never changed
        self._refuse_unplayed_regions(new)
        attributes = _change(name, new)
        kept = _other_regions(new, self._region)
        for region in kept:
            self._tell(region, {"verb": "make", "name": name, "props": new})
        for region in set(_other_regions(old, self._region)) - set(kept):
            self._tell(region, {"verb": "drop", "name": name})
        return name, attributes

    def delete(self, name: str, props: Properties) -> None:
        if _is_strong(props):
            _drop_shared(name, props)
            return
        _drop(name)
        for region in _other_regions(props, self._region):
            self._tell(region, {"verb": "drop", "name": name})

    def make_missing_replicas(self) -> None:
        """Make what the other Regions say this one should hold; who does not answer is passed over."""
        for url in self._siblings.values():
            try:
                wanted = peering.ask(url, _WANTED, {}, timeout=1.0)["tables"]
            except (peering.PeerUnreachable, peering.PeerRefused):
                continue
            with module("core.responses").request_scope(peering.ACCOUNT, self._region):
                for table in wanted:
                    if self._region in _regions(table["props"]):
                        _make(table["name"], table["props"])

    def _refuse_unplayed_regions(self, props: Properties) -> None:
        unplayed = set(_regions(props)) - {self._region} - self._siblings.keys()
        if unplayed:
            raise ValueError(f"{_TYPE}: no emulator plays {', '.join(sorted(unplayed))}")

    def _tell(self, region: str, order: dict[str, Any]) -> None:
        try:
            peering.ask(self._siblings[region], _SUBJECT, order)
        except peering.PeerUnreachable as failure:
            log.warning("%s of the replica in %s waits until it is back: %s", order["verb"], region, failure)
        except peering.PeerRefused as refusal:
            raise ValueError(f"{_TYPE}: {region}: {refusal}") from None


def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    """What another Region's stack orders for the replica here."""
    if order["verb"] == "make":
        return {"attributes": _make(order["name"], order["props"])}
    _drop(order["name"])
    return {}


def _tables_with_replicas(_: dict[str, Any]) -> dict[str, Any]:
    tables = module("services.dynamodb")._tables
    return {
        "tables": [
            {"name": name, "props": table[_MEMBERSHIP]} for name, table in tables.items() if _MEMBERSHIP in table
        ]
    }


def _is_strong(props: Properties) -> bool:
    return props.get("MultiRegionConsistency") == "STRONG"


def _make_shared(name: str, props: Properties) -> Attributes:
    """Make a table here that answers for each of its replicas, and for whoever asks in this process's own Region."""
    dynamodb = module("services.dynamodb")
    _succeed(dynamodb._create_table(_table_properties(name, props)))
    table = dynamodb._tables[name]
    for region in _regions(props):
        dynamodb._tables._data[peering.ACCOUNT, region, name] = table
    return _attributes(name)


def _drop_shared(name: str, props: Properties) -> None:
    tables = module("services.dynamodb")._tables
    for region in {*_regions(props), module("core.responses").get_region()}:
        tables._data.pop((peering.ACCOUNT, region, name), None)


def _make(name: str, props: Properties) -> Attributes:
    """Make the member of the global table in this process; one that is already here is brought up to date."""
    dynamodb = module("services.dynamodb")
    existing = dynamodb._tables.get(name)
    if existing is not None and _MEMBERSHIP in existing:
        return _change(name, props)
    _succeed(dynamodb._create_table(_table_properties(name, props)))
    if (_own_replica(props).get("PointInTimeRecoverySpecification") or {}).get("PointInTimeRecoveryEnabled"):
        _keep_backups(name, True)
    if props.get("TimeToLiveSpecification"):
        _expire(name, props["TimeToLiveSpecification"])
    dynamodb._tables[name][_MEMBERSHIP] = copy.deepcopy(props)
    return _attributes(name)


def _change(name: str, new: Properties) -> Attributes:
    dynamodb = module("services.dynamodb")
    old = dynamodb._tables[name][_MEMBERSHIP]
    module(_PROVISIONERS)._ddb_update(name, _table_properties(name, old), _table_properties(name, new), "")
    if old.get("TimeToLiveSpecification") != new.get("TimeToLiveSpecification"):
        disabled = {**old.get("TimeToLiveSpecification", {}), "Enabled": False}
        _expire(name, new.get("TimeToLiveSpecification") or disabled)
    recovery = (_own_replica(new).get("PointInTimeRecoverySpecification") or {}).get("PointInTimeRecoveryEnabled")
    _keep_backups(name, bool(recovery))
    dynamodb._tables[name][_MEMBERSHIP] = copy.deepcopy(new)
    return _attributes(name)


def _drop(name: str) -> None:
    dynamodb = module("services.dynamodb")
    if dynamodb._tables.get(name) is not None:
        _succeed(dynamodb._delete_table({"TableName": name}))


def _table_properties(name: str, props: Properties) -> Properties:
    """The properties of this Region's member, as CreateTable takes them."""
    own = _own_replica(props)
    table: Properties = {
        "TableName": name,
        "KeySchema": props.get("KeySchema", []),
        "AttributeDefinitions": props.get("AttributeDefinitions", []),
        "BillingMode": props.get("BillingMode", "PROVISIONED"),
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        "GlobalSecondaryIndexes": [
            {key: index[key] for key in ("IndexName", "KeySchema", "Projection") if key in index}
            for index in props.get("GlobalSecondaryIndexes", [])
        ],
        "LocalSecondaryIndexes": props.get("LocalSecondaryIndexes", []),
        "DeletionProtectionEnabled": bool(own.get("DeletionProtectionEnabled", False)),
        "Tags": own.get("Tags", []),
    }
    if table["BillingMode"] == "PROVISIONED":
        table["ProvisionedThroughput"] = _throughput(props, own)
    encryption = props.get("SSESpecification") or {}
    if encryption.get("SSEEnabled"):
        key = (own.get("SSESpecification") or {}).get("KMSMasterKeyId")
        kind = encryption.get("SSEType", "KMS")
        table["SSESpecification"] = {"Enabled": True, "SSEType": kind} | ({"KMSMasterKeyId": key} if key else {})
    return copy.deepcopy(table)


def _throughput(props: Properties, own: Properties) -> dict[str, int]:
    """Without auto scaling, the least that the template allows is what the table has."""
    write = (props.get("WriteProvisionedThroughputSettings") or {}).get("WriteCapacityAutoScalingSettings") or {}
    settings = own.get("ReadProvisionedThroughputSettings") or props.get("ReadProvisionedThroughputSettings") or {}
    read = (settings.get("ReadCapacityAutoScalingSettings") or {}).get("MinCapacity") or settings.get(
        "ReadCapacityUnits"
    )
    return {"ReadCapacityUnits": int(read or 5), "WriteCapacityUnits": int(write.get("MinCapacity") or 5)}


def _expire(name: str, specification: Properties) -> None:
    _succeed(module("services.dynamodb")._update_ttl({"TableName": name, "TimeToLiveSpecification": specification}))


def _keep_backups(name: str, enabled: bool) -> None:
    specification = {"PointInTimeRecoveryEnabled": enabled}
    request = {"TableName": name, "PointInTimeRecoverySpecification": specification}
    _succeed(module("services.dynamodb")._update_continuous_backups(request))


def _succeed(response: tuple[int, Any, bytes]) -> None:
    if response[0] >= 400:
        raise ValueError(f"{_TYPE}: {response[2].decode()}")


def _attributes(name: str) -> Attributes:
    table = module("services.dynamodb")._tables[name]
    return {"Arn": table["TableArn"], "StreamArn": table["LatestStreamArn"], "TableId": table["TableId"]}


def _regions(props: Properties) -> list[str]:
    return [replica["Region"] for replica in props.get("Replicas", [])]


def _other_regions(props: Properties, own: str) -> list[str]:
    return [region for region in _regions(props) if region != own]


def _own_replica(props: Properties) -> Properties:
    own = module("core.responses").get_region()
    return next((replica for replica in props.get("Replicas", []) if replica["Region"] == own), {})


def _list_replicas(describe: Callable[[str], dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    """`DescribeTable` names the other Regions of a global table."""
    dynamodb = module("services.dynamodb")

    def table_description(name: str) -> dict[str, Any]:
        described = describe(name)
        props = dynamodb._tables[name].get(_MEMBERSHIP)
        if props is not None:
            own = module("core.responses").get_region()
            described["GlobalTableVersion"] = dynamodb._GLOBAL_TABLE_VERSION
            described["Replicas"] = [
                {"RegionName": region, "ReplicaStatus": "ACTIVE"} for region in _other_regions(props, own)
            ]
        return described

    return table_description
