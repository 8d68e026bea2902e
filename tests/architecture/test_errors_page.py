"""docs/errors.md says what the catalogue says."""

from tests.architecture.errors_page import PAGE, render


def test_the_errors_page_is_what_the_catalogue_renders_to() -> None:
    assert PAGE.read_text() == render(), "run: make docs"
