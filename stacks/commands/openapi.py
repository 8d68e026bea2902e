"""`antipode openapi`: what the API takes and answers, as this checkout has it; no cloud is asked."""

from __future__ import annotations

import json

import typer

from functions.adapters.api_description.document import openapi_document


def register(app: typer.Typer) -> None:
    app.command()(openapi)


def openapi() -> None:
    """Print the API's OpenAPI 3.1 document."""
    typer.echo(json.dumps(openapi_document(), indent=2))
