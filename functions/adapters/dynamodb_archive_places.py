"""How it lies in the table that the archive has a job: one item a Region, beside what the table itself has of it."""

from functions.adapters.dynamodb_table import Item, number, text
from functions.domain.job.history import ArchivePlace, job_key

#: Sorts after all else of a job, so that whoever reads it from its end sees this first.
PLACE = "STORED#"


def place_item(job_id: str, place: ArchivePlace) -> Item:
    """Return the item."""
    return {
        "pk": text(job_key(job_id)),
        "sk": text(PLACE + place.region),
        "writer": text(place.region),
        "at": text(place.at),
        "object": text(place.name),
        "offset": number(place.offset),
        "bytes": number(place.length),
    }


def is_archive_place(item: Item) -> bool:
    """Say whether an item of a job is one of these."""
    return str(item["sk"]["S"]).startswith(PLACE)


def place_from_item(item: Item) -> ArchivePlace:
    """Read it back."""
    offset, length = int(item["offset"]["N"]), int(item["bytes"]["N"])
    return ArchivePlace(item["writer"]["S"], item["at"]["S"], item["object"]["S"], offset, length)
