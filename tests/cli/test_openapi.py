"""`antipode openapi`."""

from __future__ import annotations

import json

from functions.adapters.api_description.document import openapi_document
from tests.cli.conftest import Antipode


def test_the_document_is_printed_without_a_cloud(antipode: Antipode) -> None:
    assert json.loads(antipode("openapi").stdout) == openapi_document()
