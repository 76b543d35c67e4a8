"""Cards: what predictions and progress show, as text for every reader and as HTML for the notebook."""

from __future__ import annotations

import html
import re
import textwrap
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from lessons.versions import OtherVersion

_CODE = re.compile(r"`([^`]+)`")
_STRONG = re.compile(r"\*\*([^*]+)\*\*")
_EMPHASIS = re.compile(r"(?<![\w*`])\*(\w[^*`<]*)(?<=\w)\*(?![\w*`])")
_FRAME = (
    "border-left:4px solid var(--jp-brand-color1,#1976d2);padding:0.4em 1em;margin:0.4em 0;max-width:52em;"
    "color:var(--jp-content-font-color1,inherit);background:var(--jp-layout-color1,transparent);"
    "font-family:var(--jp-content-font-family,inherit);font-size:var(--jp-content-font-size1,inherit);line-height:1.5"
)
STYLE = files(__package__).joinpath("card.css").read_text(encoding="utf-8")
"""The beginning of each card widget's style sheet."""

PRE = "font-size:0.93em;line-height:1.35;white-space:pre-wrap"
_CODE_STYLE = "font-family:var(--jp-code-font-family,monospace);font-size:0.93em"


@dataclass(frozen=True, repr=False)
class Card:
    """One thing to show: `str(card)` can be read alone, and the HTML says the same.

    >>> Card("Locked: C.", "<p>Locked: C.</p>")
    Locked: C.
    """

    text: str
    html: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": self.html}


class Carded:
    """A widget that is also a card: a stored notebook shows the card, because the widget needs its kernel."""

    shown: Card

    def __repr__(self) -> str:
        return self.shown.text

    def _repr_mimebundle_(self, **options: Any) -> Any:
        view = super()._repr_mimebundle_(**options)  # type: ignore[misc]
        if view is None:
            return self.shown._repr_mimebundle_()
        if isinstance(view, dict):
            return view | self.shown._repr_mimebundle_()
        return view[0] | self.shown._repr_mimebundle_(), *view[1:]


def card(label: str, text: list[str], body: list[str]) -> Card:
    """Frame paragraphs as a named group, so that a screen reader announces where it begins."""
    name = html.escape(label, quote=True)
    inner = "\n".join(body)
    return Card("\n".join(text), f'<div role="group" aria-label="{name}" style="{_FRAME}">\n{inner}\n</div>')


def sentence(text: str, label: str = "Study") -> Card:
    """A card of one paragraph, for advice and for mistakes in the call."""
    return card(label, [wrapped(text)], [f'<p role="status" style="margin:0">{inline(text)}</p>'])


def failed(what: str, error: Exception, then: str) -> Card:
    """A card for a call that failed. For a stored file of another version, the error is the message."""
    return sentence(
        str(error) if isinstance(error, OtherVersion) else f"{what} ({type(error).__name__}). {then}"
    )


def fold(title: str, *parts: object) -> Card:
    """Show parts one after another, folded under a title: the text form of an interactive cell.

    A part is shown as HTML if a notebook would do so, else as text.

    >>> fold("Two lines", "first", "second")
    Two lines
    first
    second
    """
    body = [f"<details><summary>{html.escape(title, quote=False)}</summary>"]
    for part in parts:
        shown = getattr(part, "_repr_html_", None)
        text = html.escape(str(part), quote=False)
        body.append(str(shown()) if shown else f'<pre style="{PRE}">{text}</pre>')
    return Card("\n".join([title, *map(str, parts)]), "\n".join([*body, "</details>"]))


def inline(text: str) -> str:
    """Escape text for HTML; `code`, **strong** and *emphasis* are marked up.

    >>> inline("a < b, **always**, not *now*: 2 * 3 * 4")
    'a &lt; b, <strong>always</strong>, not <em>now</em>: 2 * 3 * 4'
    """
    escaped = html.escape(" ".join(text.split()), quote=False)
    coded = _CODE.sub(rf'<code style="{_CODE_STYLE}">\1</code>', escaped)
    return _EMPHASIS.sub(r"<em>\1</em>", _STRONG.sub(r"<strong>\1</strong>", coded))


def wrapped(text: str, indent: str = "", first: str | None = None) -> str:
    """The same text for a terminal, 88 columns wide.

    >>> wrapped("**Locked**: C.")
    'Locked: C.'
    """
    plain = _EMPHASIS.sub(r"\1", _STRONG.sub(r"\1", " ".join(text.split())))
    return textwrap.fill(
        plain,
        88,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def word(value: object) -> str | None:
    """Return value as a plain `str` if it is one, else None: a subclass may say what is not true."""
    return str.__str__(value) if issubclass(type(value), str) else None
