"""Writes docs/errors.md from the catalogue of errors (`make docs`); a test holds the page to it."""

from pathlib import Path

from functions.domain.errors import CATALOGUE

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
HEADER = """# Errors

Generated from `functions/domain/errors.py`; write it anew with `make docs`. Over HTTP an error is a problem document
(RFC 9457, `application/problem+json`) with `type`, `title`, `status`, `detail` and the stable `code`, and with `field`
where one field is the culprit. On a job it is `error` with `code`, `detail` and `retryable`.

| code | status | try again | what it means | what to do |
|---|---|---|---|---|
"""


def render() -> str:
    """Return the page."""
    rows = (
        f"| `{row.code}` | {row.status} | {'yes' if row.retryable else 'no'} | {row.title} | {row.remedy} |"
        for row in CATALOGUE.values()
    )
    return HEADER + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render())
