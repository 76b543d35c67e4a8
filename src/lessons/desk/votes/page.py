"""The vote page as HTML, for small screens and screen readers.

Its script only follows the vote: it asks whether there is something new, and then shows it. The page also
works without scripts. Then a browser loads it again while there is nothing to choose.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from pathlib import Path

from lessons.desk.votes.poll import Poll


def _part(name: str) -> tuple[str, str]:
    """A file beside this one, and its hash for browsers."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return text, base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


STYLE, _STYLE_HASH = _part("page.css")
SCRIPT, _SCRIPT_HASH = _part("page.js")

WAIT = 10
"""Seconds after which a browser without scripts loads the page again, while there is nothing to choose."""

HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    f"script-src 'sha256-{_SCRIPT_HASH}'; connect-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With no-referrer, browsers would send `Origin: null` with the form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What each answer tells the browser: no script but this one, no frame, no other site, nothing kept."""

_CODE = re.compile(r"`([^`]+)`")
_WORD = re.compile(r"(?<![\w*])\*([\w ]+)\*(?![\w*])")
_STRONG = re.compile(r"\*\*([^*]+)\*\*")
_PRIVATE = "This page asks for no name and stores no address. Its cookie is a random number."


def page(poll: Poll | None, voter: str, said: str = "", mark: str = "") -> str:
    """The page for one browser. said: why its last vote was not counted. mark: what the script asks with."""
    body = [f'<p class="said" role="alert"><strong>{_inline(said)}</strong></p>'] if said else []
    if poll is None:
        body += [
            '<p role="status">No question is open. It appears here when your teacher opens one.</p>',
            _again(),
        ]
    elif poll.closed:
        body += _closed(poll, voter)
    else:
        body += _open(poll, voter)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{_title(poll, voter)}</title>\n<link rel="icon" href="data:,">\n<style>{STYLE}</style>\n'
        f'{_reload(poll)}</head>\n<body>\n<p id="news" aria-live="polite" class="unseen"></p>\n'
        f'<main data-mark="{mark}">\n<h1>Vote</h1>\n'
        + "\n".join(body)
        + f'\n<p class="small">{_PRIVATE}</p>\n</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n'
    )


def _reload(poll: Poll | None) -> str:
    if poll is not None and (not poll.closed or poll.replies):
        return ""
    return f'<noscript><meta http-equiv="refresh" content="{WAIT}"></noscript>\n'


def _title(poll: Poll | None, voter: str) -> str:
    """What a screen reader says first."""
    if poll is None:
        return "No question is open"
    if poll.replies:
        return "The answer is here"
    mine = poll.votes.get(voter)
    if poll.closed:
        return "The vote is closed"
    return f"Sent: {mine}" if mine else "A question is open"


def _open(poll: Poll, voter: str) -> list[str]:
    mine = poll.votes.get(voter, "")
    said = f"**Sent: you voted {mine}.** You can change it until the vote is closed." if mine else ""
    options = []
    for letter, text in poll.options.items():
        checked = " checked" if letter == mine else ""
        options.append(
            f'<label><input type="radio" name="letter" value="{letter}" required{checked}>'
            f"<strong>{letter}</strong><span>{_inline(text)}</span></label>"
        )
    return [
        *([f'<p class="said" role="status">{_inline(said)}</p>'] if said else []),
        f'<form method="post" action="/">\n<input type="hidden" name="name" value="{_plain(poll.name)}">',
        f"<fieldset>\n<legend>{_round(poll)}{_inline(poll.prompt)}</legend>",
        _code(poll.code),
        *options,
        "</fieldset>",
        f"<button>{'Change my vote' if mine else 'Send my vote'}</button>\n</form>",
        _again(),
    ]


def _closed(poll: Poll, voter: str) -> list[str]:
    mine = poll.votes.get(voter, "")
    voted = f"**You voted {mine}.**" if mine else "**You did not vote.**"
    if poll.replies:
        said = f"{voted} {poll.replies[mine]}"
    else:
        said = f"The vote is closed. {voted} The answer appears here when your teacher has run it."
    shown = [f'<p class="said" role="status">{_inline(said)}</p>', f"<p>{_inline(poll.prompt)}</p>"]
    shown.append(_code(poll.code))
    for letter, text in poll.options.items():
        marks = ["your vote"] * (letter == mine) + ["what happens"] * (letter == poll.right)
        mark = f" <strong>({', '.join(marks)})</strong>" if marks else ""
        kind = "option mine" if letter == mine else "option"
        shown.append(f'<p class="{kind}"><strong>{letter}</strong><span>{_inline(text)}{mark}</span></p>')
    return [*shown, _again()]


def _again() -> str:
    return '<a class="again" href="/">Look again</a>'


def _round(poll: Poll) -> str:
    return f"Round {poll.round}. " if poll.round > 1 else ""


def _code(code: str) -> str:
    if not code:
        return ""
    lines = []
    for line in code.splitlines():
        bare = line.lstrip(" ")
        deep = min((len(line) - len(bare)) // 4, 6)
        lines.append(f'<span class="in{deep}">{_plain(line[4 * deep :])}</span>')
    return f"<pre><code>{''.join(lines)}</code></pre>"


def _plain(text: str) -> str:
    return html.escape(text, quote=True)


def _inline(text: str) -> str:
    coded = _CODE.sub(r"<code>\1</code>", html.escape(" ".join(text.split()), quote=False))
    return _WORD.sub(r"<em>\1</em>", _STRONG.sub(r"<strong>\1</strong>", coded))
