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
_BY_LATENCY = {"routing": "latency", "alarm_email": "oncall@example.com"}
#: Those that cdk-nag looks at: all constructs there are, with either kind of model; in depth also without the firewall,
#: as in the local cloud, for which app.py asks nobody.
INSPECTED = frozenset({"prod", "one-model", *(["local"] if ALL else [])})
#: Those that are looked at once more with what we acknowledge, by the CDK's own rules, too: in depth all. app.py, which
#: tests/stacks/test_synth.py has write production, would fail by either.
HEEDED: frozenset[str] = INSPECTED if ALL else frozenset()
#: The one that stands for production by latency, too, unless in depth: an environment takes seconds to write.
DEV = {**PRODUCTION, "environment": "dev"}
VARIANTS: Mapping[str, Mapping[str, str]] = {
    "prod": PRODUCTION,
    "local": LOCAL,
    "dev": DEV if ALL else {**DEV, **_BY_LATENCY},
    **({"latency": {**PRODUCTION, **_BY_LATENCY}} if ALL else {}),
    "weighted": {**PRODUCTION, "routing": "weighted", "weights": "us-east-1=90,us-west-2=10"},
    "one-model": {
        **PRODUCTION,
        "model_id": "amazon.nova-lite-v1:0",
        "regions": "eu-west-1,eu-central-1",
        "drills": ('{"accounts": ["123456789012"], "schedule": "cron(0 9 ? * 2#1 *)", "function_faults": "on"}'),
    },
}
