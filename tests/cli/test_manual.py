"""No undocumented command or option: the page in docs is the one that the commands make."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from hepack.cli.main import COMMANDS, cli
from hepack.cli.manual import manual

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == manual(), "run: python -m hepack.cli.manual"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_help_text_and_stands_in_the_page(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.help
    text = PAGE.read_text(encoding="utf-8")
    chapter = text.split(f"\n## hepack {name}\n")[1].split("\n## ")[0]
    shown = command.get_help(click.Context(command, info_name=name))
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            for flag in option.opts:
                assert flag in chapter
                assert flag in shown


def test_commands_of_groups_stand_in_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        if isinstance(command, click.Group):
            for word, part in command.commands.items():
                chapter = text.split(f"\n### hepack {name} {word}\n")[1].split("\n##")[0]
                options = [option for option in part.params if isinstance(option, click.Option)]
                assert all(option.help and option.opts[0] in chapter for option in options)
