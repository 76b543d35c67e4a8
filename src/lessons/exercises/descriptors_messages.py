"""Whether the messages of refused assignments name all that somebody needs who has only the message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lessons.exercises.exercise import attempt, told
from lessons.words import described as short


@dataclass(frozen=True)
class Told:
    """The message of one refusal."""

    value: str
    where: str
    text: str
    without: str
    """The first thing that it does not name; "" if it names all."""
    own_class: bool
    """Whether it names the class of the field, where the class of the object belongs."""


def messages(
    owner: Any, called: str, field: str, wrong: Iterable[Any], allowed: Sequence[Any]
) -> Iterator[Told]:
    """The message of each wrong value that is refused. Raises what the answer raises for an allowed one."""
    where, refused = f"{called}.{field}", False
    for value in wrong:
        thing = owner()
        setattr(thing, field, allowed[0])
        error = attempt(setattr, thing, field, value).error
        if error is None or isinstance(error, AttributeError | RecursionError):
            continue  # what is taken, or breaks, is another aspect's affair
        refused, text = True, told(error, "text") or ""
        parts = {called: f"the class of the object, {called}", field: f"the field, {field}"}
        parts |= {str(value): f"the value given, {value}"}
        parts |= {str(one): f"all of what is allowed: {one} is missing" for one in allowed}
        missing = [said for part, said in parts.items() if not named(part, text)]
        own = called not in text and re.search(r"\b(Whole|OneOf)\b", text) is not None
        yield Told(short(value), where, f"“{text}”", missing[0] if missing else "", own)
    if not refused:
        yield Told("any wrong value", where, "not there", "anything, since nothing was refused", False)


def named(part: str, text: str) -> bool:
    """Whether a text holds a part as a word. A number may be written as 1,813."""
    plain = re.sub(r"(?<=\d)[,_](?=\d{3})", "", text)
    return re.search(rf"(?<!\w){re.escape(part)}(?!\w)", f"{text}\n{plain}") is not None
