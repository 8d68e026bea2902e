"""Each module says at its top why it is a file of its own."""

import ast

from tests.architecture.sources import listed, sources


def test_every_module_says_why_it_exists() -> None:
    silent = [file.name for file in sources() if file.text.strip() and not ast.get_docstring(file.tree)]
    assert not silent, listed(silent)
