"""Tables as CSV text that a spreadsheet opens without running anything in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The characters with which a cell starts that a spreadsheet could run as a formula."""


def inert(text: str) -> str:
    """The text of a cell, with an apostrophe before it if a spreadsheet could run it as a formula.

    >>> inert('=HYPERLINK("https://evil.example")'), inert("ada")
    ('\\'=HYPERLINK("https://evil.example")', 'ada')
    """
    # A spreadsheet may skip spaces before the sign.
    return f"'{text}" if text.startswith(FORMULA) or text.lstrip().startswith(FORMULA) else text


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Rows as CSV text, header first; no cell runs as a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([inert(row[column]) for column in columns] for row in rows)
    return text.getvalue()
