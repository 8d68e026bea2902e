"""The environments whose templates are tested. Apart from what writes them, which starts the CDK, for seconds."""

from collections.abc import Mapping

from tests.in_depth import ALL

ZONE = "Z0TESTZONE"
PRODUCTION = {"environment": "prod", "domain_name": "example.com", "hosted_zone_id": ZONE}
LOCAL = {
    "environment": "local",
    "hosted_zone_id": ZONE,
    "endpoint_urls": "us-east-1=http://127.0.1.1:4566,us-west-2=http://127.0.2.1:4566",
    "health_addresses": "us-east-1=127.0.1.1:4566,us-west-2=127.0.2.1:4566",
    "control_endpoint_url": "http://127.0.3.1:4566",
}
#: Those that cdk-nag looks at: all constructs there are, with either kind of model; in depth also without the firewall,
#: as in the local cloud, for which app.py asks nobody.
INSPECTED = frozenset({"prod", "one-model", *(["local"] if ALL else [])})
VARIANTS: Mapping[str, Mapping[str, str]] = {
    "prod": PRODUCTION,
    "local": LOCAL,
    "dev": {**PRODUCTION, "environment": "dev"},
    "latency": {**PRODUCTION, "routing": "latency", "alarm_email": "oncall@example.com"},
    "weighted": {**PRODUCTION, "routing": "weighted", "weights": "us-east-1=90,us-west-2=10"},
    "one-model": {
        **PRODUCTION,
        "model_id": "amazon.nova-lite-v1:0",
        "regions": "eu-west-1,eu-central-1",
        "drills": ('{"accounts": ["123456789012"], "schedule": "cron(0 9 ? * 2#1 *)", "function_faults": "on"}'),
    },
}
