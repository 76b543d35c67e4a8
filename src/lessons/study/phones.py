"""Votes by phone, seen from the kernel: the line to the vote page of `lifecycle present --votes`.

The page is a process of its own. It gets the texts of one question at a time, and the replies only when the
answer was seen. Its answers are only read as counts and votes, because it listens to everybody in the room.
The kernel keeps a copy of the votes. If the page's process dies, `lifecycle present` starts it again, and the
kernel gives it the question and the votes back.
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lessons.study.links import folder
from lessons.study.questions import LESSONS, Option, Question, misconceptions, questions

PLACE = "LIFECYCLE_VOTES"
"""The environment variable that `lifecycle present --votes` sets for kernels."""

PATIENCE = 2.0
"""How long the page's process may take for one answer, in seconds."""

LONGEST = 65_536
"""The longest message in bytes, in both directions."""


PART = 500
"""How many votes one message brings back to a new page."""

MOST = 100_000
"""The most votes of which the kernel keeps a copy."""

_VOTER = re.compile(r"[\w-]{1,64}", re.ASCII)


class Unreachable(RuntimeError):
    """The vote page does not answer, or could not do what it was asked: one sentence."""


@dataclass
class Line:
    """The line to the vote page, for one question after the other. Each call can raise `Unreachable`.

    address: what the class opens. class_size: how many people the teacher expects, or None.
    asked: the question and the round that this line opened, or None. votes: the letter of each voter, by the
    random number of the voter's browser. over: whether another question was opened instead of this one.
    restored: whether a new page has got this question and its votes back.
    """

    address: str
    class_size: int | None
    control: str | tuple[str, int]
    key: str
    asked: tuple[str, int] | None = None
    votes: dict[str, str] = field(default_factory=dict)
    over: bool = False
    restored: bool = False
    _since: int = 0
    _closed: bool = False

    def open(self, question_id: str, round: int = 1, *, fresh: bool = False) -> None:
        """Show a question and take votes, instead of the question before.

        If this question is already open in this round, or was closed, it goes on with its votes; `fresh`
        begins from zero. KeyError if there is no such question.
        """
        question = questions()[question_id]
        before, self.asked = self.asked, (question.id, round)
        if fresh or before != self.asked:
            self.votes, self._since = {}, 0
        self.restored = self._closed = False
        self._open(fresh)

    def _open(self, fresh: bool) -> None:
        """Show the question that was asked, with the votes that are kept for it."""
        question = self._question()
        assert self.asked is not None
        self._ask(
            "open",
            question=question.id,
            round=self.asked[1],
            prompt=question.prompt,
            code=code(question),
            options={option.letter: option.text for option in question.options},
            fresh=fresh,
        )
        self.over = False
        kept = list(self.votes.items())
        for place in range(0, len(kept), PART):
            self._ask("keep", name=self._name, votes=dict(kept[place : place + PART]))

    def counts(self) -> dict[str, int]:
        """The votes so far for each letter, zeros included."""
        return self._counted("counts")

    def close(self) -> dict[str, int]:
        """Take no more votes, and return the counts. `open` with the same round takes votes again."""
        counts = self._counted("close")
        self._closed = True
        return counts

    def reveal(self) -> dict[str, int]:
        """Close the vote, show each voter the reply to their option, and return the counts."""
        question = self._question()
        replies = {option.letter: reply(question, option) for option in question.options}
        replies[""] = truth(question)
        return self._counted("reveal", right=question.right.letter, replies=replies)

    def end(self) -> None:
        """Show that no question is open, and forget all votes."""
        self._ask("end")
        self.asked, self.votes = None, {}

    def surplus(self, votes: int) -> str:
        """One sentence if there are more votes than people in the class, else ""."""
        if self.class_size is None or votes <= self.class_size:
            return ""
        return f"{votes} votes by phone in a class of {self.class_size}. Some people may have voted twice."

    def qr(self) -> str:
        """The address as a QR code: SVG that fills the width it is given, with its white border."""
        import segno

        drawn = io.BytesIO()
        segno.make(self.address, error="m", micro=False).save(
            drawn,
            kind="svg",
            border=4,
            light="#fff",
            xmldecl=False,
            svgns=True,
            omitsize=True,
            title=self.address,
        )
        return drawn.getvalue().decode()

    def _question(self) -> Question:
        if self.asked is None:
            raise Unreachable("No question was opened for votes by phone.")
        return questions()[self.asked[0]]

    @property
    def _name(self) -> str:
        return "{}.{}".format(*self.asked) if self.asked else ""

    def _counted(self, do: str, **more: Any) -> dict[str, int]:
        letters = self._question().letters
        told = self._ask(do, name=self._name, since=self._since, **more)
        if told.get("lost"):
            self._open(fresh=True)
            if self._closed and do != "close":
                self._ask("close", name=self._name)
            self._since, self.restored = 0, True
            told = self._ask(do, name=self._name, since=0, **more)
        self.over = bool(told.get("over"))
        self._copy(told.get("votes"), told.get("since"), letters)
        found = told.get("counts")
        counts = found if isinstance(found, dict) else {}
        if set(counts) != set(letters) or not all(type(one) is int and one >= 0 for one in counts.values()):
            raise Unreachable("The vote page answered something that is not a count of votes.")
        return {letter: counts[letter] for letter in letters}

    def _copy(self, votes: object, since: object, letters: str) -> None:
        """Keep a copy of newer votes, if they are votes."""
        if not isinstance(votes, dict) or type(since) is not int:
            return
        self._since = since
        for voter, letter in votes.items():
            known = voter in self.votes or len(self.votes) < MOST
            if known and _VOTER.fullmatch(voter) and isinstance(letter, str) and letter in letters and letter:
                self.votes[voter] = letter

    def _ask(self, do: str, **more: Any) -> Mapping[str, Any]:
        try:
            told = json.loads(self._told({"key": self.key, "do": do, **more}))
        except (ConnectionError, FileNotFoundError) as error:
            raise Unreachable(
                "The vote page stopped: it is started again at the same address, and its votes are kept."
            ) from error
        except (OSError, ValueError) as error:
            raise Unreachable(
                f"The vote page does not answer ({type(error).__name__}): count hands instead."
            ) from error
        if not isinstance(told, dict) or "failed" in told:
            why = str(told.get("failed"))[:200] if isinstance(told, dict) else "it sent something else"
            raise Unreachable(f"The vote page could not do that: {why}.")
        return told

    def _told(self, asked: Mapping[str, Any]) -> bytes:
        if isinstance(self.control, str):
            line = socket.socket(socket.AF_UNIX)
        else:
            line = socket.socket(socket.AF_INET)
        with closing(line):
            until = time.monotonic() + PATIENCE
            line.settimeout(PATIENCE)
            line.connect(self.control)
            line.sendall(json.dumps(asked).encode() + b"\n")
            told = b""
            while not told.endswith(b"\n") and len(told) < LONGEST:
                # Also a page that sends letter by letter does not hold up the kernel.
                line.settimeout(max(until - time.monotonic(), 0.001))
                more = line.recv(LONGEST)
                if not more and not told:
                    raise ConnectionResetError("the page ended before it answered")
                if not more:
                    break
                told += more
            return told


def line() -> Line | None:
    """The line to the vote page; None without `--votes`."""
    try:
        place = json.loads(os.environ[PLACE])
        control = place["control"]
        return Line(
            place["address"],
            place["class_size"],
            control if isinstance(control, str) else (control[0], control[1]),
            place["key"],
        )
    except (KeyError, TypeError, ValueError, IndexError):
        return None


def reply(question: Question, option: Option) -> str:
    """What a voter for this option reads when the answer was seen."""
    if option == question.right:
        return f"That is what happens. {option.reply}"
    belief = misconceptions()[option.misconception].belief if option.misconception else ""
    common = f"Behind it is a common belief: “{belief}” " if belief else ""
    return f"{common}{option.reply} {truth(question)}"


def truth(question: Question) -> str:
    """What happens, and why."""
    right = question.right
    return f"What happens is **{right.letter}**: {right.text.rstrip('.')}. {right.reply}"


def code(question: Question) -> str:
    """The code that is on the slide with a question, from the notebook in the course's folder; "" if none."""
    root = folder()
    if root is None:
        return ""
    try:
        path = root / "notebooks" / f"{LESSONS[question.lesson]}.ipynb"
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
        return "\n\n".join(above(cells, question.id))
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def above(cells: Iterable[Mapping[str, Any]], id: str) -> list[str]:
    """The code cells between the beginning of a question's slide and the question."""
    above: list[str] = []
    for cell in cells:
        source = "".join(cell["source"])
        if source.startswith(f'predict("{id}"'):
            return above
        begins = cell["metadata"].get("slideshow", {}).get("slide_type") in ("slide", "subslide")
        if begins or cell["cell_type"] != "code":
            above = []
        if cell["cell_type"] == "code" and not {"setup", "answer", "predict"} & set(
            cell["metadata"].get("tags", [])
        ):
            above.append(source)
    return []
