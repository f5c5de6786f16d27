"""The program that the commands join, its exit codes, and how it speaks of progress and errors."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text
from typer.core import TyperCommand, TyperGroup, TyperOption

from conflictts.incidents.unseen import visible

REFUSED, UNUSABLE, PROVIDER_FAILED, IN_PART, INTERRUPTED, UNEXPECTED = 1, 2, 3, 4, 130, 70
INTERRUPTION = "conflictts: interrupted; nothing was replaced. Run it again; a download goes on where it stopped."
OWN = {"lock", "new"}  # what lies in the folder that a file is written in


class Program(TyperGroup):
    """All commands, none of which repeats a character that is not seen when it says what is wrong with an option."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command of the line."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = visible(error.message)
            raise


app = typer.Typer(
    cls=Program,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Daily series of armed conflict from incident records, and what changed in them at a truce.",
    epilog="Exit codes: 0 done; 1 refused by the data, with the reason; 2 wrong usage or unreadable input; "
    "3 a provider failed; 4 done without an area of which there is no record (report); 10 an alarm (monitor); 70 a "
    "fault of the program.",
)


class Once(TyperCommand):
    """A command that refuses an option given twice, of which the last would win without a word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Count how often each option stands on the line, then read it as ever."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for option in self.params:
            single = isinstance(option, TyperOption) and not (option.multiple or option.is_flag)
            if single and order.count(option) > 1:
                name = option.opts[0]
                several = " Several truces stand in a file: --config FILE, one [[truce]] each."
                raise typer.BadParameter(
                    f"given {order.count(option)} times, and one is used. Give it once."
                    + (several if name == "--truce" and self.name == "report" else ""),
                    ctx=ctx,
                    param_hint=name,
                )
        return super().parse_args(ctx, args)


@app.callback()
def conflictts() -> None:
    """Hold the commands together."""


def main() -> None:
    """Run the command line, set for a short run.

    Cycles of garbage are looked for seldom, since it makes few; and a product of matrices is not shared out among
    processors, since those here are small, and waiting for one another takes longer than the product. Kernels are
    optimised at numba's first level: the third takes a tenth longer, and its code is no faster.
    """
    gc.set_threshold(100_000, 50, 100)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is first imported
    os.environ.setdefault("NUMBA_OPT", "1")  # read when numba is
    app()


def say(text: str, *, err: bool = False) -> None:
    """Print a line for people, in which what is not seen stands by its number."""
    typer.echo(visible(text), err=err)


def hand_out(data: str) -> None:
    """Print what another program may read: as it is, and to a terminal as people are told."""
    typer.echo(visible(data) if to_terminal() else data, nl=False)


def to_terminal() -> bool:
    """Whether standard output goes to people's eyes."""
    return sys.stdout.isatty()


class Terminal(Console):
    """Prints for people in colour, and what is not seen by its number."""

    def print(self, *texts: Any, **how: Any) -> None:
        """Print, as rich does."""
        super().print(*(visible(text) if isinstance(text, str) else text for text in texts), **how)


@contextmanager
def writing(path: str, option: str) -> Iterator[None]:
    """Turn a file that cannot be written into wrong usage of its option."""
    try:
        yield
    except OSError as error:
        raise typer.BadParameter(
            f"{path} cannot be written ({error.strerror or error}). Name another file.", param_hint=option
        ) from None


@contextmanager
def written_whole(path: str, option: str, *, inputs: Iterable[str] = ()) -> Iterator[Path]:
    """Give another file to write, which then takes its place: a run that fails leaves an earlier file as it was.

    What is no file, such as /dev/stdout, is written where it lies. A file that was read is not written over.
    """
    target = Path(os.path.realpath(path))
    if target.is_file() and any(os.path.samefile(target, each) for each in inputs):
        raise typer.BadParameter(f"{path} is what was read, and would be lost. Name another file.", param_hint=option)
    with writing(path, option):
        device = path.startswith("/dev/") or (Path(path).exists() and not Path(path).is_file())
        if device:
            yield Path(path)
            return
        with _aside(target.parent) as folder:
            part = folder / target.name  # by its ending pandas tells how to pack it
            yield part
            os.replace(part, target)


def write_figure(plot: Callable[..., Any], path: str, *, name: str) -> None:
    """Draw on a sheet of its own, and write it as SVG or PNG, as the file's name ends."""
    from conflictts.figures.sheet import draw_sheet

    svg = path.lower().endswith(".svg")
    sheet = draw_sheet(plot, name=name, png=not svg)
    with written_whole(path, "--figure") as part:
        part.write_bytes(sheet.svg.encode() if svg else sheet.png)


@contextmanager
def _aside(place: Path) -> Iterator[Path]:
    """A hidden folder that is gone in the end; those that killed runs left beside it are removed.

    A run holds the lock of its folder, which the system takes back from the dead.
    """
    from conflictts.incidents.lock import Taken, locked

    for left in place.glob(f".conflictts-{'[a-z0-9_]' * 8}"):
        if not left.is_symlink() and (left / "lock").is_file() and {each.name for each in left.iterdir()} <= OWN:
            with suppress(Taken, OSError), locked(left / "lock"):
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=place, prefix=".conflictts-") as aside, ExitStack() as held:
        with suppress(Taken, OSError):  # a file system without locks: the folder is never taken for one left behind
            held.enter_context(locked(Path(aside, "lock"), patience=1.0))
        Path(aside, "new").mkdir()
        yield Path(aside, "new")


@contextmanager
def progress(quiet: bool, *, asked: bool = False) -> Iterator[Callable[[str], None]]:
    """Show the current step on a terminal; in a pipe, where asked for, one line each; nothing with --quiet."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        tells = asked and not quiet
        yield lambda step: say(f"conflictts: {step} ...", err=True) if tells else None
        return
    with Live(console=console, auto_refresh=False, transient=True) as line:  # without a thread, for reports fork
        yield lambda step: line.update(Text(visible(f"{step} ...")), refresh=True)


def processors() -> int:
    """How many processors this process may use, as far as the system says."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _first_cause(error: BaseException) -> BaseException:
    return error if error.__cause__ is None else _first_cause(error.__cause__)


@contextmanager
def one_sentence(debug: bool) -> Iterator[None]:
    """Turn an error into one sentence on stderr, or all that is known of it, and its exit code."""
    from conflictts.errors import ConflictTSError, InputError, ProviderError, UnknownNameError

    try:
        yield
    except (typer.Exit, typer.BadParameter, typer.Abort):
        raise
    except KeyboardInterrupt:
        say(INTERRUPTION, err=True)
        raise typer.Exit(INTERRUPTED) from None
    except ConflictTSError as error:
        say(traceback.format_exc() if debug else f"conflictts: {error}", err=True)
        if isinstance(error, ProviderError):
            raise typer.Exit(PROVIDER_FAILED) from None
        raise typer.Exit(UNUSABLE if isinstance(error, (InputError, UnknownNameError)) else REFUSED) from None
    except BrokenPipeError:
        raise  # whoever read the output has seen enough, as `head` does
    except OSError as error:
        where = f"{error.filename} cannot" if error.filename else "standard output, or a file, cannot"
        told = f"conflictts: {where} be read or written ({error.strerror or error}). Mend that, and run again."
        say(traceback.format_exc() if debug else told, err=True)
        raise typer.Exit(UNUSABLE) from None
    except Exception as error:
        if isinstance(_first_cause(error), KeyboardInterrupt):  # which came while compiled code was at work
            say(INTERRUPTION, err=True)
            raise typer.Exit(INTERRUPTED) from None
        told = f"conflictts: unexpected {type(error).__name__}: {error}. This is a fault of the program: run again "
        say(traceback.format_exc() if debug else f"{told}with --debug and report what it shows.", err=True)
        raise typer.Exit(UNEXPECTED) from None
