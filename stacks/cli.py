"""The `antipode` command: finds the groups of commands in stacks/commands and hands over to the one that was named.

A module there adds itself by a function `register(app)`; nothing has to be listed here.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil

import typer

from stacks import commands


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        name="antipode",
        help="Durable AI agent jobs in two AWS Regions that outlive the loss of one.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    for found in sorted(pkgutil.iter_modules(commands.__path__), key=lambda module: module.name):
        module = importlib.import_module(f"{commands.__name__}.{found.name}")
        if hasattr(module, "register"):
            module.register(app)
    return app


def main() -> None:
    gc.disable()  # loading frees nothing
    antipode = build()
    gc.freeze()
    gc.enable()
    antipode(prog_name="antipode")


if __name__ == "__main__":
    main()
