"""The state table in moto, with the keys and indexes that `stacks/data_stack.py` gives the real one."""

from mypy_boto3_dynamodb import DynamoDBClient
from mypy_boto3_dynamodb.type_defs import AttributeDefinitionTypeDef, GlobalSecondaryIndexTypeDef

KEYS = ("pk", "sk", "due_pk", "due_sk", "list_pk", "list_sk")


def create_state_table(client: DynamoDBClient, name: str) -> None:
    """Create an empty one."""
    attributes: list[AttributeDefinitionTypeDef] = [{"AttributeName": key, "AttributeType": "S"} for key in KEYS]
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=attributes,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[_index("due", "due"), _index("listing", "list")],
    )


def _index(name: str, prefix: str) -> GlobalSecondaryIndexTypeDef:
    return {
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": f"{prefix}_pk", "KeyType": "HASH"},
            {"AttributeName": f"{prefix}_sk", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
