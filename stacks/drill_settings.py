"""What the functions of a drill, and the command line, have to know of an installation: one value, as JSON.

`localstack/drills/on_aws/deployed.py` reads it. Apart from the stacks, for tools that need no CDK.
"""

from collections.abc import Mapping

from stacks.catalog import FUNCTIONS, DeadLanes, Deliveries, EveryLane, Stream
from stacks.config import Configuration

#: By these a function is called through event source mappings.
_MAPPED = EveryLane | DeadLanes | Deliveries | Stream
#: Where the control plane of Route 53 is, by the partition's first Region (docs.aws.amazon.com, Route 53 endpoints).
_CONTROL_REGIONS = (("cn-", "cn-northwest-1"), ("us-gov-", "us-gov-west-1"))


def drill_settings(configuration: Configuration, region: str, account: str) -> Mapping[str, object]:
    """Return it, as seen from one Region. `account` may be a token of the CDK. Raises ValueError without drills."""
    if configuration.drills is None:
        raise ValueError("no drills are configured")
    regions, endpoint = configuration.regions, configuration.endpoint
    return {
        "environment": configuration.environment,
        "prefix": configuration.prefix,
        "region": region,
        "regions": list(regions),
        "accounts": list(configuration.drills.accounts),
        "functions": [configuration.function_name(row) for row in FUNCTIONS],
        "readers": [configuration.function_name(row) for row in FUNCTIONS if isinstance(row.trigger, _MAPPED)],
        "lanes": [f"{configuration.prefix}-{lane.name}" for lane in configuration.lanes],
        "table": configuration.table_name,
        "api_url": endpoint.url(configuration.failover_name, "/v1"),
        "region_api_urls": {each: endpoint.url(configuration.name_of_region(each), "/v1") for each in regions},
        "health_names": {each: configuration.name_of_region(each) for each in regions},
        "global_region": next((to for start, to in _CONTROL_REGIONS if region.startswith(start)), "us-east-1"),
        "token_parameter": token_parameter(configuration),
        "reports": reports_bucket(configuration, account, region),
        "limit_seconds": configuration.drills.limit_minutes * 60,
        "experiments": configuration.environment != "local",
        "function_faults": configuration.environment != "local" and configuration.drills.function_faults == "on",
        "endpoint_urls": dict(configuration.endpoint_urls),
    }


def token_parameter(configuration: Configuration) -> str:
    """Return the name of the parameter that holds the token of a drill's load. An operator writes it."""
    return f"/antipode/{configuration.environment}/drill-token"


def reports_bucket(configuration: Configuration, account: str, region: str) -> str:
    """Return the name of the bucket for reports."""
    return f"{configuration.prefix}-drills-{account}-{region}"
