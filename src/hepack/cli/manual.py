"""The manual of the command line, made from the commands: ``python -m hepack.cli.manual`` writes docs/commands.md."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hepack.cli.main import COMMANDS, cli

TARGET = Path("docs") / "commands.md"

HEAD = """\
# Commands

<!-- made by `python -m hepack.cli.manual`; do not edit -->

`hepack COMMAND --help` shows the same. Exit codes: 0 good, 1 checked and found wanting, 2 an error, 130
interrupted. Errors are one sentence; `--debug`, anywhere on the line, shows the traceback too.

| command | |
|---|---|
"""


def manual() -> str:
    """The page, in Markdown."""
    context = click.Context(cli, info_name="hepack")
    rows = [f"| [`{name}`](#hepack-{name}) | {line} |" for name, line in COMMANDS.items()]
    pages = [HEAD + "\n".join(rows) + "\n"]
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        pages.append(_page(command, name, context))
        if isinstance(command, click.Group):
            inner = click.Context(command, info_name=name, parent=context)
            pages += [
                _page(part, f"{name} {word}", inner, level=3) for word, part in command.commands.items()
            ]
    return "\n".join(pages)


def _page(command: click.Command, name: str, parent: click.Context, *, level: int = 2) -> str:
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join([f"hepack {name}", *command.collect_usage_pieces(context)])
    parts = [
        f"{'#' * level} hepack {name}\n",
        f"```\n{usage}\n```\n",
        _text(command.help or ""),
    ]
    if isinstance(command, click.Group):
        return "\n".join(parts)
    parts.append("| option | |\n|---|---|")
    for parameter in command.params:  # without --help, which every command has
        record = parameter.get_help_record(context)
        if record is not None and isinstance(parameter, click.Option):
            option, text = record
            parts.append(f"| `{_cell(option)}` | {_cell(text)} |")
    return "\n".join(parts) + "\n"


def _text(text: str) -> str:
    paragraphs = (" ".join(part.split()) for part in text.split("\n\n"))
    return "\n\n".join(paragraphs) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write the page into the docs folder of the checkout that is the current folder."""
    if not TARGET.parent.is_dir():
        sys.exit(f"there is no folder '{TARGET.parent}' here; run this in the root of a checkout")
    TARGET.write_text(manual(), encoding="utf-8")


if __name__ == "__main__":
    main()
