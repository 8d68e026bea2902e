"""How the stacks of a Region, and what they output, are called. Apart from the stacks, for tools that need no CDK."""

#: What the name of the stack of a Region's API ends with.
API = "-api"
#: What the names of a Region's stacks end with, in the order in which they are deployed: each finds by name what is in
#: those before it (docs/decisions/0037).
PARTS = ("", "-requests", API)
#: The item of the drills' table in which the drill that is under way is.
CURRENT_DRILL = "CURRENT"
#: The tag by which an experiment of FIS is a drill's, and a template is for drills; and the one that says what it does.
DRILL_TAG, FAULT_TAG = "antipode-drill", "antipode-fault"


def stacks_of(region: str) -> tuple[str, ...]:
    """Return the names of a Region's stacks within their environment, first to be deployed first."""
    return tuple(f"{region}{part}" for part in PARTS)


def drills_of(region: str) -> str:
    """Return the name of the stack that plays drills from a Region, where drills are configured."""
    return f"{region}-drills"


def drills_named(prefix: str) -> str:
    """Return how the table and the state machine of drills are called, in each Region."""
    return f"{prefix}-drills"


def keys_of(region: str) -> str:
    """Return the name of the stack of a Region's key within its environment, where there is one."""
    return f"keys-{region}"


def camel(name: str) -> str:
    """Return a snake_case or kebab-case name as CloudFormation likes it."""
    return "".join(part.capitalize() for part in name.replace("-", "_").split("_"))
