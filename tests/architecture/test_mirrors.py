"""Trees that mirror each other do so by test: kept by hand, they drift."""

from pathlib import Path

from stacks.catalog import FUNCTIONS
from tests.architecture.sources import CHECKOUT, listed


def modules_in(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.py") if path.name != "__init__.py"}


def test_each_handler_and_worker_file_has_its_row_in_the_catalogue_and_the_other_way_round() -> None:
    files = modules_in(CHECKOUT / "functions" / "handlers") | modules_in(CHECKOUT / "functions" / "workers")
    rows = {row.name for row in FUNCTIONS}
    without_row = [f"{name}: a file, but no row in stacks/catalog.py" for name in sorted(files - rows)]
    without_file = [f"{name}: a row in stacks/catalog.py, but no file" for name in sorted(rows - files)]
    assert not without_row + without_file, listed(without_row + without_file)


def test_no_two_rows_of_the_catalogue_share_a_name() -> None:
    names = [row.name for row in FUNCTIONS]
    assert sorted(set(names)) == sorted(names)


def test_each_unit_test_file_stands_where_its_module_stands() -> None:
    unit = CHECKOUT / "tests" / "unit"
    tested = {path: path.relative_to(unit) for path in unit.rglob("test_*.py")}
    lost = [
        f"{path.relative_to(CHECKOUT)}: there is no functions/{place.with_name(place.name.removeprefix('test_'))}"
        for path, place in sorted(tested.items())
        if not (CHECKOUT / "functions" / place.with_name(place.name.removeprefix("test_"))).is_file()
    ]
    assert tested, "tests/unit holds no tests"
    assert not lost, listed(lost)
