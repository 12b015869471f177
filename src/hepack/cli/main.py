"""The entry point: find the command, turn errors into one sentence and an exit code."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Sequence

import click

from hepack._errors import HepackError
from hepack._loops import ALONE
from hepack._version import __version__

COMMANDS = {
    "inspect": "What is in a file: variables, ranges, entropy, where the bytes go.",
    "pack": "Pack event files, bit for bit or within tolerances.",
    "fit": "Learn a model from files of a campaign, to pack many files with it.",
    "unpack": "Get the events back, in the original format or another.",
    "verify": "Check a packed file completely, against its original if given.",
    "recover": "Save the sound blocks of a damaged packed file.",
    "reduce": "Round to tolerances; write an ordinary file that needs no hepack.",
    "report": "What packing did to the physics: a page of evidence, pass or fail.",
    "bench": "Compare with other compressors at the same bounds.",
    "simulate": "Make realistic LHC events.",
    "study": "Study autoencoders as compressors, beside published results.",
    "monitor": "Hold runs against a reference: what moved, with a stated rate of false alarms.",
    "score": "Find the events that look least like a reference sample.",
    "price": "What packing costs for events unlike those that a codec learned.",
    "trigger": "Tiny integer nets that find anomalies in a trigger's hardware.",
}
"""Command -> one line of help; kept here so that ``hepack --help`` imports no command."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"hepack.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=2) or list(COMMANDS)
            raise click.UsageError(f"there is no command '{args[0]}'; did you mean {' or '.join(near)}?")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hepack")
@click.option("--debug", is_flag=True, help="Show a traceback when something goes wrong.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Pack high-energy-physics event data, give it back within a promised error."""
    ctx.obj = {"debug": debug}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 good, 1 checked and found wanting, 2 an error, 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault(ALONE, "1")
    debug = "--debug" in words
    if debug:  # accepted anywhere on the line
        words = ["--debug", *(word for word in words if word != "--debug")]
    try:
        sys.exit(cli.main(words, prog_name="hepack", standalone_mode=False) or 0)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.ClickException as error:
        hint = (
            f"; see '{error.ctx.command_path} --help'"
            if isinstance(error, click.UsageError) and error.ctx
            else ""
        )
        _fail(f"{error.format_message().rstrip('.')}{hint}")
    except (click.Abort, KeyboardInterrupt):
        click.echo("hepack: interrupted; nothing was left behind", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
    except HepackError as error:
        if debug:
            raise
        _fail(str(error))
    except (OSError, MemoryError) as error:
        if debug:
            raise
        if isinstance(error, OSError) and error.filename and error.strerror:
            _fail(f"cannot use '{error.filename}': {error.strerror}")
        _fail(f"{type(error).__name__}: {error}")


def _fail(message: str) -> None:
    click.echo(f"hepack: {' '.join(message.split())}", err=True)
    sys.exit(2)
