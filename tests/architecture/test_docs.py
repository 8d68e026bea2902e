"""Documents do not rot: what they link to and the files they name are there."""

import re
from pathlib import Path

from tests.architecture.sources import CHECKOUT, listed

OURS = r"(?:functions|stacks|localstack|tests|docs)/[A-Za-z0-9_/.-]*[A-Za-z0-9_/-]"


def pages() -> list[Path]:
    return [*sorted(CHECKOUT.glob("*.md")), *sorted((CHECKOUT / "docs").rglob("*.md"))]


def anchors(text: str) -> set[str]:
    """The names under which a page's headings can be linked to."""
    headings = re.findall(r"^#+\s+(.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_links(page: Path, text: str) -> list[str]:
    found = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = page.parent / path if path else page
        if not linked.exists() or (anchor and anchor not in anchors(linked.read_text("utf-8"))):
            found.append(f"{page.relative_to(CHECKOUT)}: {target}")
    return found


def missing_files(page: Path, text: str) -> list[str]:
    named = re.findall(rf"`({OURS})`", text)
    return [f"{page.relative_to(CHECKOUT)}: {name}" for name in named if not (CHECKOUT / name).exists()]


def test_every_link_in_the_documents_leads_somewhere() -> None:
    found = [link for page in pages() for link in broken_links(page, page.read_text("utf-8"))]
    assert not found, listed(found)


def test_every_file_that_the_documents_name_exists() -> None:
    found = [name for page in pages() for name in missing_files(page, page.read_text("utf-8"))]
    assert not found, listed(found)


def test_no_two_decisions_share_a_number() -> None:
    numbers = sorted(int(page.name[:4]) for page in (CHECKOUT / "docs" / "decisions").glob("*.md"))
    assert numbers == sorted(set(numbers))


def test_a_broken_link_and_a_missing_file_are_found() -> None:
    page = CHECKOUT / "README.md"
    assert broken_links(page, "[a](docs/nowhere.md) [b](https://example.org) [c](pyproject.toml)") == [
        "README.md: docs/nowhere.md"
    ]
    assert missing_files(page, "`functions/nowhere.py` and `stacks/bundle.py`") == ["README.md: functions/nowhere.py"]
