"""`DescriptorLab`: assign any value to any field; see where it is refused, or what happens if it is not."""

from __future__ import annotations

from html import escape

import ipywidgets  # type: ignore[import-untyped, unused-ignore]

from lessons.lab.base import Lab, unread
from lessons.lab.experiments import naming as names
from lessons.lab.experiments.assign import (
    EXAMPLES,
    FIELDS,
    UNKNOWN,
    WAYS,
    AssignOutcome,
    AssignSettings,
    Execution,
    assign,
)
from lessons.words import many

TYPED = "as typed"
NAMED = "by __set_name__"
LOOKS = {"the lines that ran": "lines", "what was stored": "stored", "what was raised": "raised"}
"""What a slide shows at a time, because it has no room for all. A notebook shows all."""


class DescriptorLab(Lab):
    """One assignment to a `PipelineConfig` and to a plain class, and the pipeline that runs on each.

    Takes the fields of `AssignSettings` as first settings, e.g. ``DescriptorLab("windowSize", "True")``. With
    a `naming`, a key of `NAMINGS`, the same value is assigned to a class whose descriptors are named in that
    way.
    """

    def __init__(
        self, field: str = "spread", value: str = "0", way: str = "on the instance", naming: str = ""
    ) -> None:
        start = AssignSettings(field, value, way)
        if naming:
            names.NamingSettings(naming=naming)
        super().__init__("DescriptorLab", "One assignment, checked and unchecked")
        fields = {name: name for name in FIELDS} | {f"{UNKNOWN} (no such field)": UNKNOWN}
        listed = field if field in fields.values() else FIELDS[0]
        self.field = self.choice("field", "Field", fields, listed)
        # A chosen example is written into the next control, which does the assignment, so it happens once.
        options = list((EXAMPLES | {TYPED: ""}).items())
        self.example = ipywidgets.Dropdown(description="Value", options=options, value=_example(value))
        self.example.style.description_width = "initial"
        self.example.observe(self.guard(self._picked), names="value")
        self._place("example", self.example, more=False)
        self.value = self._typed("value", "or type one, as in Python", value)
        self.value.observe(self.guard(self._matched), names="value")
        kinds = {NAMED: ""} | {told: kind for kind, told in names.NAMINGS.items()}
        self.choice("naming", "The descriptor is named", kinds, naming)
        self.choice("look", "Show", LOOKS, "lines", radio=True).add_class("lc-slide-only")
        self.choice("way", "Assigned", list(WAYS), start.way, more=True)
        other = "" if field == listed else field
        self.name = self._typed("name", "Any other name for the field", other, more=True)
        self.outcome: AssignOutcome | names.NamingOutcome | None = None
        self.shown = self.view()
        self.assemble(self.shown)

    def _typed(self, name: str, label: str, value: str, *, more: bool = False) -> ipywidgets.Text:
        text = ipywidgets.Text(value=value, description=label, continuous_update=False)
        text.style.description_width = "initial"
        return self.control(name, text, more=more)

    def _picked(self, _: object) -> None:
        if self.example.value:
            self.value.value = self.example.value

    def _matched(self, _: object) -> None:
        self.example.value = _example(self.value.value)

    @property
    def settings(self) -> AssignSettings | names.NamingSettings:
        """The settings that the controls show; `ValueError` for a value or name that is not allowed."""
        name, naming = self.name.value.strip() or self.field.value, self.controls["naming"].value
        if naming:
            return names.NamingSettings(name, self.value.value, naming)
        return AssignSettings(name, self.value.value, self.controls["way"].value)

    def refresh(self) -> None:
        """Run the assignment and what follows it, and show the outcome."""
        self.controls["way"].disabled = self.controls["look"].disabled = bool(self.controls["naming"].value)
        for look in LOOKS.values():
            self.shown.remove_class(f"lc-look-{look}")
        self.shown.add_class(f"lc-look-{self.controls['look'].value}")
        try:
            settings = self.settings
        except ValueError as problem:
            self.outcome, self.shown.value = None, ""
            self.tell("")
            self.say(f"{problem} Nothing was assigned.", "error")
            return
        if isinstance(settings, AssignSettings):
            outcome: AssignOutcome | names.NamingOutcome = assign(settings)
        else:
            outcome = names.naming(settings)
        self.outcome, self.shown.value = outcome, page(outcome)
        self.tell(outcome.text())
        mark = "fail" if outcome.broken else "ok" if outcome.refused else ""
        self.say(outcome.sentence, mark)


def _example(text: str) -> str:
    return text if text in EXAMPLES.values() else ""


def page(outcome: AssignOutcome | names.NamingOutcome) -> str:
    """The outcome as HTML: the listing, the lines that ran, each class's call, `__dict__` and traceback."""
    if isinstance(outcome, names.NamingOutcome):
        return _named(outcome)
    columns = "".join(f"<div>{_column(outcome, one)}</div>" for one in (outcome.checked, outcome.twin))
    return f'{_listing(outcome)}<div class="lc-blocks lc-apart lc-each">{columns}</div>'


def _named(outcome: names.NamingOutcome) -> str:
    rows = []
    for number, line in enumerate(outcome.lines, 1):
        row, told = ("lc-ran", "▶ ran") if number in outcome.ran else ("lc-skipped", "○ not run")
        if number == outcome.line:
            row, told = "lc-broke", "⚡ raised"
        rows.append(_row(number, line, row, f'<td class="lc-how">{unread(told if line else "")}</td>'))
    stored = outcome.stored
    facts = {
        "__set__": ", ".join(f"{name}={value}" for name, value in outcome.called) or "is not called",
        "config.__dict__": "there is no instance" if stored is None else names.pairs(stored),
        "read back": names.pairs(outcome.reads) or "nothing",
        "raised": outcome.error or "nothing",
    }
    shown = "".join(f"<dt>{name}</dt><dd>{escape(fact)}</dd>" for name, fact in facts.items())
    heads = "".join(
        f'<th scope="col"><span class="lc-sr">{head}</span></th>' for head in ("what ran", "line", "code")
    )
    return (
        '<div class="lc-named"><table class="lc-code"><caption class="lc-sr">the listing, as it ran</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f'<div class="lc-apart">{_list(shown)}</div></div>'
    )


def _row(number: int, line: str, row: str, marks: str, note: str = "") -> str:
    """One line of a listing, after its marks."""
    bare = line.strip()
    indent = f"--lc-indent: {len(line) - len(bare)}ch"
    return (
        f'<tr class="{row}">{marks}<td class="lc-no">{number}</td>'
        f'<td class="lc-line" style="{indent}">{escape(bare)}{note}</td></tr>'
    )


def _listing(outcome: AssignOutcome) -> str:
    rows = []
    for number, line in enumerate(outcome.lines, 1):
        marks = [_mark(outcome, run, number) for run in (outcome.checked, outcome.twin)]
        kinds = {kind for kind, _ in marks}
        row = next(kind for kind in ("lc-broke", "lc-ran", "lc-skipped", "lc-frame") if kind in kinds)
        cells = "".join(f'<td class="lc-how lc-now-{kind[3:]}">{unread(told)}</td>' for kind, told in marks)
        rows.append(_row(number, line, row, cells, _note(outcome, number)))
    classes = (outcome.checked.config, outcome.twin.config)
    heads = "".join(f'<th scope="col" class="lc-how">{name}</th>' for name in classes)
    heads += '<th scope="col"><span class="lc-sr">line</span></th>'
    heads += '<th scope="col"><span class="lc-sr">code</span></th>'
    told = "the listing, run with each class as Config"
    return (
        f'<table class="lc-code lc-both"><caption class="lc-sr">{told}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _note(outcome: AssignOutcome, number: int) -> str:
    fails = [one for one in (outcome.checked, outcome.twin) if number == one.line != outcome.line]
    note = "the assignment" if number == outcome.line else "the symptom" if fails else ""
    return f'<span class="lc-note"> <span aria-hidden="true">← </span>{note}</span>' if note else ""


def _mark(outcome: AssignOutcome, run: Execution, number: int) -> tuple[str, str]:
    if number == run.line:
        return "lc-broke", "⚡ raised"
    if number in run.ran:
        return "lc-ran", "▶ ran"
    return ("lc-skipped", "○ not run") if outcome.lines[number - 1].strip() else ("lc-frame", "")


def _column(outcome: AssignOutcome, run: Execution) -> str:
    stored = _call(outcome, run) + _dict(run, outcome.settings.field)
    raised = _trace(outcome, run) + _written(outcome, run)
    return (
        f'<p class="lc-head lc-top">{_verdict(outcome, run)}</p>'
        f'<div class="lc-stored">{stored}</div><div class="lc-raising">{raised}</div>'
    )


def _verdict(outcome: AssignOutcome, run: Execution) -> str:
    if run.line == outcome.line:
        return f"{run.config}: refused at line {run.line}"
    if run.error:
        return f"{run.config}: fails {outcome.distance(run)}"
    return f"{run.config}: nothing fails"


def _call(outcome: AssignOutcome, run: Execution) -> str:
    if not run.called:
        why = "is not called"
        if run.config == outcome.twin.config:
            why += ": the class has no descriptor"
        return f'<p class="lc-head">__set__ {why}</p>'
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in run.called)
    return f'<p class="lc-head">__set__ is called with</p>{_list(rows)}'


def _dict(run: Execution, field: str) -> str:
    if run.before is None and run.after is None:
        return '<p class="lc-head">config is never made: there is no __dict__</p>'
    before, after = dict(run.before or ()), dict(run.after or ())
    rows = []
    others = 0
    for name in before | after:
        # A slide has room for the field that was assigned, and for what has changed.
        other = name.lstrip("_") != field and name not in run.changed
        others += other
        new = name in run.changed and run.before is not None
        mark = ' <b class="lc-new">● new</b>' if new else ""
        was, now = (escape(side.get(name, "—")) for side in (before, after))
        row = '<tr class="lc-other">' if other else "<tr>"
        rows.append(f'{row}<th scope="row">{escape(name)}</th><td>{was}</td><td>{now}{mark}</td></tr>')
    if others:
        told = many(others, "other entry", "other entries")
        rows.append(f'<tr class="lc-slide-only"><td class="lc-soft" colspan="3">{told}</td></tr>')
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("config.__dict__", "before", "after"))
    return (
        f'<table class="lc-table"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
        f'<p class="lc-after">The field then reads <code>{escape(run.reads)}</code></p>'
    )


def _trace(outcome: AssignOutcome, run: Execution) -> str:
    if not run.error:
        return '<p class="lc-head">No traceback</p>'
    steps = "".join(
        f'<li style="--lc-indent: {depth * 1.2}em"><span class="lc-soft">{escape(str(step))}</span> '
        f"<code>{escape(step.function or step.code)}</code>"
        f"{_note(outcome, step.line) if not depth else ''}</li>"
        for depth, step in enumerate(run.steps)
    )
    return (
        f'<p class="lc-head">Traceback</p><ol class="lc-steps">{steps}</ol>'
        f'<p class="lc-raised"><span aria-hidden="true">⚡ </span>{escape(run.error)}</p>'
    )


def _written(outcome: AssignOutcome, run: Execution) -> str:
    if not run.written:
        return '<p class="lc-head">Nothing is written</p>'
    different = outcome.different(run)
    than = f"{different} of them different" if different else "as before"
    rows = {"now": run.written} | ({"before": outcome.usual} if different else {})
    facts = "".join(f"<dt>{name}</dt><dd>{' '.join(row)}</dd>" for name, row in rows.items())
    return f'<p class="lc-head">{len(run.written)} records are written, {than}</p>{_list(facts)}'


def _list(facts: str) -> str:
    return f'<dl class="lc-facts">{facts}</dl>'
