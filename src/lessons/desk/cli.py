"""The command `lifecycle`."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from lessons.desk import workcopy as desks
from lessons.desk.workcopy import Trouble


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, or 1 after one sentence about what stopped it."""
    for stream in (sys.stdout, sys.stderr):
        # A console or pipe of Windows may have an encoding without all letters: then it shows their numbers.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    given = parser().parse_args(argv)
    try:
        given.run(given)
    except Trouble as trouble:
        print(f"lifecycle: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nlifecycle: stopped.", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="lifecycle", description="A course on resource lifecycles.")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    lab = commands.add_parser(
        "lab",
        help="make your desk and open JupyterLab on the first lesson",
        description="Put a working copy of the lessons on your desk and open JupyterLab on the first one. "
        "Your edits there are never overwritten.",
    )
    _add_server_options(lab, "your working folder (default: desk)")
    lab.set_defaults(run=_lab)

    laid = commands.add_parser(
        "desk",
        help="make or update your desk, and start no server",
        description="Put a working copy of the lessons and exercises on your desk, or bring it up to date. "
        "Your edits there are never overwritten. Use it with a JupyterHub, Notebook 7 or VS Code.",
    )
    laid.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="the folder (default: desk)")
    laid.add_argument(
        "--default",
        action="store_true",
        help="also make it the folder on which every Jupyter of this environment opens",
    )
    laid.set_defaults(run=_lay)

    present = commands.add_parser(
        "present",
        help="open a lesson as slides, for a class",
        description="Open a lesson as slides in JupyterLab: live widgets, larger type, short tracebacks, and "
        "no answer before its slide. You present from a desk of its own.",
    )
    present.add_argument("lesson", nargs="?", help="how its name begins, such as 01 (default: the first)")
    present.add_argument(
        "--new",
        action="store_true",
        help="reset the lessons that you edited here; your versions are kept beside",
    )
    _add_server_options(present, "its folder (default: desk/present)")
    _add_vote_options(present)
    present.set_defaults(run=_present)

    again = commands.add_parser(
        "reset",
        help="reset one lesson on your desk; your edited version is kept beside it",
        description="Reset one lesson on your desk. If you edited it, your version is kept beside it. "
        "Your answers still count.",
    )
    again.add_argument("lesson", help="its number or its name, for example 02 or descriptors")
    again.add_argument("--desk", type=Path, metavar="DIR", help="your working folder (default: desk)")
    again.set_defaults(run=_reset)

    pages = commands.add_parser(
        "html",
        help="write the lessons as pages to read, answers folded, and as pages to print",
        description="Write all lessons as pages that any browser shows, without a kernel and without a "
        "network: answers folded, labs in words. Its folder print has pages to print: each lesson without "
        "answers, with answers, and as a summary.",
    )
    pages.add_argument("folder", nargs="?", type=Path, help="the folder to write (default: build/html)")
    pages.set_defaults(run=_html)

    cards = commands.add_parser(
        "cards",
        help="write a page of letters A to D to print, for votes without phones",
        description="Write a page with four large letters. Print it once for each person: when the sheet is "
        "folded, it shows the teacher one letter.",
    )
    cards.add_argument("file", nargs="?", type=Path, help="the page to write (default: build/cards.html)")
    cards.set_defaults(run=_cards)

    site = commands.add_parser(
        "site",
        help="write a site on which the lessons run in any browser, without an installation",
        description="Write a folder for any web server: lessons, exercises and their checks run in the "
        "browser itself, and no other server is asked. It needs npm and, the first time, the registries.",
    )
    site.add_argument("folder", nargs="?", type=Path, help="the folder to write (default: build/site)")
    site.add_argument("--serve", action="store_true", help="serve it to this machine, until Ctrl-C")
    site.add_argument("--port", type=_port, default=8000, metavar="N", help="the port (default: 8000)")
    site.set_defaults(run=_site)
    return top


def _add_server_options(command: argparse.ArgumentParser, desk: str) -> None:
    command.add_argument("--port", type=_port, metavar="N", help="the port (default: 8888, or the next free)")
    command.add_argument("--no-browser", action="store_true", help="print the address; open no browser")
    command.add_argument("--desk", type=Path, metavar="DIR", help=desk)


def _add_vote_options(command: argparse.ArgumentParser) -> None:
    votes = command.add_argument_group("votes by phone")
    votes.add_argument(
        "--votes", action="store_true", help="let the class vote by phone, and show the address"
    )
    votes.add_argument(
        "--votes-on",
        metavar="ADDRESS",
        help="the address or the interface for phones (default: the one that leads out)",
    )
    votes.add_argument(
        "--votes-port", type=_port, metavar="N", help="its port (default: 8000, or the next free)"
    )
    votes.add_argument(
        "--class-size", type=_size, metavar="N", help="people in the class: more votes are shown as such"
    )


def _lab(given: argparse.Namespace) -> None:
    from lessons.desk import server

    source = desks.course()
    desk = _desk(given.desk, source)
    report = desks.lay(source, desk)
    print(*report.sentences(), sep="\n", end="\n" if report.sentences() else "")
    server.serve(desk, _first(source, desk), given.port, browser=not given.no_browser)


def _lay(given: argparse.Namespace) -> None:
    source = desks.course()
    desk = _desk(given.folder, source)
    said = desks.lay(source, desk).sentences()
    first = _first(source, desk)
    print(*said or ["Every file is up to date."], sep="\n")
    print(f"Your desk is {desk}" + (f": begin with {first}." if first else "."))
    if given.default:
        from lessons.desk import environment

        print(f"Jupyter in this environment now opens on it: {environment.open_on(desk, first)}")


def _first(source: Path, desk: Path) -> str | None:
    """The first lesson that is on the desk."""
    return next((path for path in desks.lessons(source) if (desk / path).is_file()), None)


def _present(given: argparse.Namespace) -> None:
    from lessons.desk import present

    chosen = (given.votes_on, given.votes_port, given.class_size)
    votes = present.Votes(*chosen) if given.votes or any(chosen) else None
    present.serve(given.lesson, given.desk, given.port, not given.no_browser, votes, given.new)


def _reset(given: argparse.Namespace) -> None:
    source = desks.course()
    print(*desks.reset(source, _desk(given.desk, source), given.lesson), sep="\n")


def _desk(chosen: Path | None, source: Path) -> Path:
    return (chosen.expanduser() if chosen else source / "desk").absolute()


def _html(given: argparse.Namespace) -> None:
    from lessons.desk import printing

    print(f"The lessons are pages now, to read and to print: open {printing.write(given.folder)[0]}")


def _cards(given: argparse.Namespace) -> None:
    from lessons.desk.votes import start

    print(f"The cards are a page now: print {start.cards(given.file)} on A4, one sheet for each person.")


def _site(given: argparse.Namespace) -> None:
    from lessons.desk import site

    folder = site.write(given.folder, lambda line: print(f"{line} …", file=sys.stderr, flush=True))
    print(f"The site is in {folder}")
    if given.serve:
        site.serve(folder, given.port)
    else:
        print(f"To use it here: python -m http.server --bind 127.0.0.1 --directory {folder}")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a whole number from 1 to 65535")
    return int(text)


def _size(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a class size: give a whole number from 1 to 100000"
        )
    return int(text)


if __name__ == "__main__":
    raise SystemExit(main())
