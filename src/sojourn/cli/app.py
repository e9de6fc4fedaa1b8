"""The commands. Each parses what was asked, calls the room that does it, and prints what came of it."""

from __future__ import annotations

import errno
import gc
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from typer._click.core import Context
from typer._click.exceptions import ClickException
from typer.core import TyperCommand

from sojourn import __version__
from sojourn.cli.screen import Screen
from sojourn.errors import DiskFull, SojournError
from sojourn.start import left_out
from sojourn.store.zones import require_not_public

__all__ = ["Commands", "app", "main"]

Made = TypeVar("Made", bound=Callable[..., Any])


class _Command(TyperCommand):
    """A command whose files may be named anywhere but in a public zone, where only a release writes."""

    def invoke(self, ctx: Context) -> Any:
        for value in ctx.params.values():
            for path in value if isinstance(value, list | tuple) else [value]:
                # A published file may be read, and no command writes over a file.
                if isinstance(path, Path) and not path.is_file():
                    require_not_public(path)
        return super().invoke(ctx)


class Commands(typer.Typer):
    """A group of commands."""

    def command(self, *args: Any, **kwargs: Any) -> Callable[[Made], Made]:
        """As of Typer."""
        return super().command(*args, cls=_Command, **kwargs)


app = Commands(
    name="sojourn",
    help=(
        "National migration data infrastructure: from a ministry's file to a published, protected, cited"
        " figure."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Session:
    """What every command needs: the project's folder and the screen."""

    project: Path = Path()
    screen: Screen = Screen()

    @property
    def command(self) -> str:
        """How this command line begins, for hints that can be given as they stand."""
        return "sojourn" if self.project == Path() else f"sojourn -p {shlex.quote(str(self.project))}"


session = Session()


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"sojourn {__version__}")
        raise typer.Exit


@app.callback()
def common(
    project: Annotated[Path, typer.Option("--project", "-p", help="Folder of the country project.")] = Path(),
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout; words go to stderr.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of every command; they stand before the command's name, and `--json` also after it."""
    require_not_public(project)
    session.project = project
    session.screen = Screen(json)


def main() -> None:
    """Run the command line; a failure that its reader can mend is told in words, with its exit code."""
    # Loading modules makes many objects and hardly any garbage: looked through rarely, they load faster.
    gc.set_threshold(100_000, 50, 50)
    # Threads that wait for products of matrices cost time in every command, and sums would depend on them.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    left_out("pandas", "cffi", "yaml")
    arguments = _json_first(sys.argv[1:])
    sys.exit(_guarded(lambda: app(arguments, standalone_mode=False)))


def _json_first(arguments: list[str]) -> list[str]:
    """The arguments with `--json` in front, wherever it stood before a `--`: it is no option's value."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    rest = [word for word in arguments[:end] if word != "--json"]
    return [*(["--json"] if len(rest) < end else []), *rest, *arguments[end:]]


def _guarded(command: Callable[[], Any]) -> int:
    try:
        result = command()
    except SojournError as error:
        return _told(error)
    except typer.Exit as leaving:
        return int(leaving.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return _interrupted()
    except RuntimeError as error:
        if str(error) != "Query interrupted":  # how the engine says that Ctrl-C was pressed
            raise
        return _interrupted()
    except ClickException as error:
        error.show()
        Screen("--json" in sys.argv[1:]).result(
            {"error": [{"message": error.format_message()}], "exit_code": 2}
        )
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return _told(DiskFull(str(error.filename or "a file could not be written")))
    return result if isinstance(result, int) else 0


def _interrupted() -> int:
    session.screen.note("Interrupted. Nothing half-done is kept; give the same command again to go on.")
    return 130


def _told(error: SojournError) -> int:
    """Tell a failure in words, and as JSON where that was asked for; return its exit code."""
    session.screen.note(str(error))
    problems = [vars(problem) for problem in error.problems]
    session.screen.result({"error": problems, "exit_code": error.exit_code})
    return error.exit_code
