"""The rows of the catalogue that the clock calls: the loops of every minute, and what moves old histories to S3."""

from stacks.function_rows import SENDS_ARRIVALS, FunctionRow, Permission, Schedule

#: Of the two loops each stands in for the other.
_SWEEPS_AND_FIRES = (
    Permission.READS_JOBS_OF_PEER,
    Permission.WRITES_REGIONS,
    Permission.READS_STANDINGS,
    Permission.READS_STANDINGS_OF_PEER,
    Permission.READS_LEASES,
    Permission.KEEPS_LEASES,
    Permission.FINDS_DUE_JOBS,
    Permission.READS_SCHEDULES,
    Permission.FIRES_SCHEDULES,
    Permission.READS_SCHEDULES_OF_PEER,
    *SENDS_ARRIVALS,
    Permission.KEEPS_PAYLOADS,
    Permission.OWES_COPIES,
    Permission.SETTLES_COPIES,
    Permission.READS_UPLOADS,
    Permission.FINDS_PAYLOADS,
    Permission.READS_REGIONS,
    Permission.KEEPS_CURSORS,
    Permission.READS_FLOW,
)

CLOCKWORK: tuple[FunctionRow, ...] = (
    FunctionRow(
        name="sweep_jobs",
        description="Puts due, stalled and adopted jobs back on their lanes; fires while what fires is silent",
        trigger=Schedule(minutes=1),
        permissions=_SWEEPS_AND_FIRES,
        timeout_seconds=90,
    ),
    FunctionRow(
        name="fire_schedules",
        description="Fires what is due of the schedules, each at its moment; sweeps while the sweeper is silent",
        trigger=Schedule(minutes=1),
        permissions=_SWEEPS_AND_FIRES,
        timeout_seconds=90,
    ),
    FunctionRow(
        name="watch_regions",
        description="The sentinel: heartbeat, probe of the peer, verdict on the peer, depth of the lanes",
        trigger=Schedule(minutes=1),
        permissions=(
            Permission.READS_LEASES,
            Permission.KEEPS_LEASES,
            Permission.READS_STANDINGS,
            Permission.READS_STANDINGS_OF_PEER,
            Permission.READS_REGIONS,
            Permission.WRITES_REGIONS,
            Permission.READS_LANE_DEPTHS,
            Permission.READS_FLOW,
            Permission.SAMPLES_LANES,
        ),
        timeout_seconds=90,
    ),
    FunctionRow(
        name="archive_jobs",
        description="Moves the histories of jobs that ended long ago from the table to S3",
        trigger=Schedule(minutes=60),
        permissions=(
            Permission.READS_JOBS,
            Permission.FINDS_DUE_JOBS,
            Permission.KEEPS_CURSORS,
            Permission.ARCHIVES_JOBS,
            Permission.READS_PLACES_OF_PEER,
            Permission.KEEPS_ARCHIVE,
            Permission.FINDS_PAYLOADS,
        ),
        memory_mb=1024,
        timeout_seconds=900,
    ),
)
