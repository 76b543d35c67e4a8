"""The nine paired questions: the answers before and after the course, the replies and the gain.

Each set is answered once, as a whole. `before` never reveals what is right; `after` does so for both.
"""

from __future__ import annotations

import html

from lessons.study import predictions
from lessons.study.cards import PRE, Card, card, inline, wrapped
from lessons.study.pairs import AFTER, BEFORE, DO_NOT_KNOW, Answers, Pair, Paired, answers, pairs
from lessons.study.questions import LESSONS, RIGHT, misconceptions

TITLES = {BEFORE: "Nine questions before the course", AFTER: "Nine questions after the course"}

INTRODUCTIONS = {
    BEFORE: "They take about five minutes, and they are not graded. You cannot know all of this yet. "
    "Choose one answer to each question; where you do not know, say so. There is no reply now: nine similar "
    "questions come at the end of lesson 05, and then you see what you have learnt.",
    AFTER: "They ask about the same nine points as the questions before the course, with other code. "
    "Choose one answer to each question; where you do not know, say so. Then you see what is right, and what "
    "you have learnt.",
}

LATE = (
    "You have already answered the questions after the course. Answers to these ones would not say what "
    "you knew before it, so they are not stored."
)

_LIST = "list-style:none;padding-left:0;margin:0.3em 0"
_CODE = f"{PRE};margin:0.3em 0;padding:0.4em 0.6em;background:var(--jp-layout-color2,#eee);color:inherit"
_TABLE = "border-collapse:collapse;margin:0.4em 0"
_CELL = "text-align:left;padding:0.1em 0.8em 0.1em 0"


def now() -> Answers:
    """What has been answered so far."""
    return answers(predictions.journal.read()[0])


def commit(when: str, keys: dict[str, str]) -> None:
    """Store the answers, by the questions' ids, unless there are some already or it is too late for them."""
    there = now()
    if there.given(when) or (when == BEFORE and there.after):
        return
    for pair in pairs():
        id = pair.asked(when).id
        predictions.journal.add("answer", id, keys[id])


def status(when: str, there: Answers) -> str:
    """A sentence about the answers so far; "" if there are none."""
    if when == BEFORE and there.after and not there.before:
        return LATE
    if not there.given(when):
        return ""
    if when == BEFORE and not there.after:
        return (
            "**Your answers are stored.** These first ones count, and can no longer be changed. "
            "At the end of lesson 05 you will see what is right."
        )
    return "**Your answers are stored.** These first ones count, and can no longer be changed."


def asked(when: str) -> Card:
    """The nine questions in their present state, and the replies after `after`, as text and as HTML."""
    there = now()
    said = status(when, there)
    text = [TITLES[when], "", wrapped(INTRODUCTIONS[when])]
    body = [f'<p style="margin:0"><strong>{TITLES[when]}.</strong> {inline(INTRODUCTIONS[when])}</p>']
    for pair in pairs():
        _ask(pair, pair.asked(when), there.given(when).get(pair.point), text, body)
    said = said or (
        "To answer without buttons, write nine letters, with ? where you do not know: "
        f'`{when}("ABCD?ABCD")`. They cannot be changed afterwards.'
    )
    text += ["", wrapped(said)]
    body.append(f'<p role="status" style="margin:0.4em 0 0">{inline(said)}</p>')
    shown = card(TITLES[when], text, body)
    if when == BEFORE or not there.after:
        return shown
    told = result(there)
    return Card(f"{shown.text}\n\n{told.text}", f"{shown.html}\n{told.html}")


def _ask(pair: Pair, question: Paired, mine: str | None, text: list[str], body: list[str]) -> None:
    """Add one question: its prompt, its code, its answers, and the chosen one."""
    text += ["", wrapped(question.prompt, "   ", f"{pair.point}. "), ""]
    text += [f"       {line}".rstrip() for line in question.code.splitlines()]
    text.append("")
    body.append(f'<p style="margin:0.8em 0 0"><strong>{pair.point}.</strong> {inline(question.prompt)}</p>')
    body += [f'<pre style="{_CODE}">{html.escape(question.code, quote=False)}</pre>', f'<ol style="{_LIST}">']
    for choice in (*question.choices, DO_NOT_KNOW):
        own = choice.key == mine
        text.append(
            wrapped(choice.text + (" <- your answer" if own else ""), "      ", f"   {choice.letter}  ")
        )
        mark = " <strong>&#9668; your answer</strong>" if own else ""
        body.append(f"<li><strong>{choice.letter}</strong>&ensp;{inline(choice.text)}{mark}</li>")
    body.append("</ol>")


def result(there: Answers) -> Card:
    """The replies to `after`, and the gain."""
    gained = gain(there)
    text, body = [gained.text], [gained.html]
    for pair in pairs():
        said = _reply(pair, there.after.get(pair.point))
        text.append(wrapped(said, "   ", f"{pair.point}. "))
        body.append(f'<p style="margin:0.4em 0"><strong>{pair.point}.</strong> {inline(said)}</p>')
    return card("Replies to the nine questions", text, body)


def _reply(pair: Pair, key: str | None) -> str:
    """The chosen answer, the right one, the reason, and the belief behind a wrong answer."""
    question = pair.after
    right, chosen = question.right, question.keyed(key or "")
    head = f"**{pair.name}.**"
    if chosen == right:
        return f"{head} You chose {right.letter}, and that is right. {pair.why}"
    truth = (
        f"Right is {right.letter}: {right.text.rstrip('.')}. {pair.why} (Lesson {LESSONS[pair.lesson][:2]}.)"
    )
    if chosen is None or chosen == DO_NOT_KNOW:
        return f"{head} {truth}"
    belief = misconceptions().get(chosen.key)
    named = f" Behind it is a common belief: “{belief.belief}”" if belief else ""
    return f"{head} You chose {chosen.letter}.{named} {truth}"


def gain(there: Answers) -> Card:
    """The results before and after the course, for each key point. It is shown only after `after`."""
    total = len(pairs())
    if there.before:
        more = there.right(AFTER) - there.right(BEFORE)
        said = (
            f"**What you have learnt.** Before the course {there.right(BEFORE)} of {total} answers were "
            f"right, after it {there.right(AFTER)}. Gain: {more:+d}."
        )
    else:
        said = (
            f"**After the course** {there.right(AFTER)} of {total} answers were right. You did not answer "
            "the questions before the course, so there is no gain to show."
        )
    text = [wrapped(said)]
    body = [
        f'<p style="margin:0.2em 0">{inline(said)}</p>',
        f'<table aria-label="Right answers before and after the course" style="{_TABLE}">',
        f'<tr><th scope="col" style="{_CELL}">key point</th><th scope="col" style="{_CELL}">before</th>'
        f'<th scope="col" style="{_CELL}">after</th></tr>',
    ]
    for pair in pairs():
        marks = [_mark(there.given(when).get(pair.point)) for when in (BEFORE, AFTER)]
        name = f"{pair.point}. {pair.name}"
        text.append(f"   {name.replace('`', ''):24} before: {marks[0]:14} after: {marks[1]}")
        cells = "".join(f'<td style="{_CELL}">{mark}</td>' for mark in marks)
        body.append(f'<tr><th scope="row" style="{_CELL}">{inline(name)}</th>{cells}</tr>')
    return Card("\n".join(text), "\n".join([*body, "</table>"]))


def _mark(key: str | None) -> str:
    if key is None:
        return "not answered"
    return {RIGHT: "right", DO_NOT_KNOW.key: "did not know"}.get(key, "not right")
