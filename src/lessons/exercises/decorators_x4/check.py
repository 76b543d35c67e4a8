"""decorators-x4: a decorator with parentheses and without, that refuses a stage."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from lessons.exercises import Asked, Fact, Facts, Rule, Sheet, Variant, attempt, exactly, ruled, short
from lessons.exercises import decorators_parts as parts
from lessons.exercises import decorators_timed as timed
from lessons.words import agreeing, many

KEY = "decorators-x4"


def given(variant: Variant) -> Any:
    """Return `Remote`: a class of sources that drop the line twice, after two records."""
    return type("Remote", (parts.Distant,), {"records": list(parts.texts(variant, KEY, 5)), "breaks": (2, 2)})


class Forms:
    """The forms in which the answer decorates: each with its number of attempts."""

    def __init__(self, answer: Any, sheet: Sheet) -> None:
        self.judge, self.pauses = sheet.judge, parts.Pauses(sheet.judge.process() or 0)
        most = sheet.variant.number(f"{KEY}:attempts", 6, 8)
        first, *records = parts.texts(sheet.variant, KEY, 4)
        self.records = [first, None, first, *records]
        self.forms: dict[str, tuple[Callable[[Any], Any], int]] = {
            "@patient": (answer, 3),
            "@patient()": (lambda function: answer()(function), 3),
            # Another decorator is made before this one is used.
            f"@patient(attempts={most})": (lambda one: (answer(attempts=most), answer())[0](one), most),
            "@patient(attempts=1)": (lambda function: answer(attempts=1)(function), 1),
        }

    def working(self) -> Iterator[str]:
        """The forms that give a source that can be read."""
        return (form for form in self.forms if not self.ran(form, 0).trouble)

    def hall(self, form: str, drops: int, **more: Any) -> timed.Hall:
        """A class of sources that are decorated in this form, and drop the line so often."""
        # Each line gets further: a count of failures that starts again with every record would never end.
        breaks = tuple(min(2 + number, len(self.records)) for number in range(drops))
        more |= {"records": self.records, "breaks": breaks, "pauses": self.pauses}
        kind = parts.subclass(parts.Distant, **more)
        return timed.Hall(self.judge, self.forms[form][0], kind, records=self.records)

    def ran(self, form: str, drops: int) -> Fact:
        """One run. trouble: why there was none, or none that reached the source."""
        made = attempt(self.hall, form, drops)
        usable = made.error is None and callable(made.value.made)
        part: Any
        part, source = made.value.new() if usable else (None, parts.Distant())
        one = timed.pull(f"`{form}`", form, self.records, part.stream if usable else tuple,
                         lambda: source.fetched, BaseException, most=parts.MANY)  # fmt: skip
        one.opened, one.allowed, one.trouble = source.opened, self.forms[form][1], ""
        if made.error is not None:
            one.trouble = f"{made.raised} was raised" + (f", at {made.where}" if made.where else "")
        elif not usable:
            one.trouble = f"{short(made.value.made)} was returned instead of a function"
        elif one.gave:
            one.trouble = f"the method returned {one.gave}, which cannot be pulled"
        elif not source.opened:
            one.trouble = f"reading the stream never reached the source ({one.raised}{one.place})"
        elif not (one.dry or isinstance(one.error, OSError | parts.Enough | None)):
            raise one.error
        one.gives_up, one.wanted = drops >= one.allowed, min(drops + 1, one.allowed)
        more = " and more" if isinstance(one.error, parts.Enough) else ""
        tried = f"{many(one.opened, 'attempt')}{more} {agreeing(one.opened, 'was', 'were')} made"
        dropped = f"the line dropped {min(drops, one.opened)} times"
        one.times = f"`{form}` allows {many(one.allowed, 'attempt')}; {dropped}: {tried}, and {one.told}"
        if not one.trouble:
            function = made.value.made
            name, doc = getattr(function, "__name__", ""), function.__doc__
            one.kept_name = (name, doc) == ("stream", parts.Distant.stream.__doc__)
            one.name = f"{short(name)}, and its docstring {short(doc)}"
            one.generator = self.judge.witness(inspect.isgeneratorfunction, function) is True
        return one


def forms(answer: Any, sheet: Sheet) -> Facts:
    """Each form, over a line that drops until the last attempt, and over one that always drops."""
    made = Forms(answer, sheet)
    with parts.awake(made.judge) as slept:
        runs = [made.ran("@patient", 0)]
        for form, (_, allowed) in made.forms.items():
            runs += [made.ran(form, allowed - 1), made.ran(form, parts.MANY)]
    for run in runs:
        run.no_other = all(other.trouble for other in runs)
        run.waited = made.pauses.waited(slept)
        yield run


def stages(answer: Any, sheet: Sheet) -> Facts:
    """Stages of several names and parameters, offered in each form that decorates a source."""
    made = Forms(answer, sheet)
    with parts.awake(made.judge):
        works = list(made.working())
    for name, parameters in parts.STAGES.items():
        for form in works:
            function = made.judge.function(lambda part, *more: iter(()), name, parameters)
            tried = attempt(made.forms[form][0], function)
            right = isinstance(tried.error, TypeError)
            yield Fact(method=f"`def {name}({parameters})`", right=right, raised=tried.said)


def alike(answer: Any, sheet: Sheet) -> Facts:
    """Errors after which there is no second attempt, and two sources of one class, in a form that works."""
    made = Forms(answer, sheet)
    with parts.awake(made.judge):
        form = next(made.working(), "@patient")
        opened, sent = {}, short(made.records)
        for failure in (KeyError, EOFError, KeyboardInterrupt):
            part, source = made.hall(form, parts.MANY, failure=failure).new()
            attempt(lambda part=part: list(part.stream()))
            opened[failure.__name__] = source.opened
        hall = made.hall(form, 2)
        came = timed.in_turn([hall.new()[0].stream for _ in range(2)], 2 * len(made.records), BaseException)
    whole, told = exactly(came, [made.records] * 2), " and ".join(map(short, came))
    for name, count in opened.items():
        any_error = opened["KeyError"] > 1 < opened["EOFError"]
        yield Fact(name=name, opened=count, whole=whole, sent=sent, told=told, any=any_error)


PARAMETERS = "The method of a source takes only `self`: count `inspect.signature(function).parameters`."
SETTING = "Pass the setting on to the decorator that does the work."
TROUBLE = "`{kind}` above `def stream(self)`: {trouble}."
OPENED = "the source raised {name}, and was opened {opened} times."
ONLY_THAT = "Catch `OSError` and nothing else, as `retryOnFailure` does."
REACHED = (
    Rule(forms, lambda run: run.trouble and run.no_other, TROUBLE, "",
         "Each form must return a function that replaces `stream`: end with `return wrapper`."),
)  # fmt: skip
"""If no form works, nothing can be said of what it makes."""
RETRIES = (
    *REACHED,
    Rule(forms, lambda run: run.wanted > 1 == run.opened and run.gave_error,
         "`{kind}`: the line dropped once, and the reader got the error.", "",
         "Put the `try` around the loop that pulls, or let `retryOnFailure` do it."),
)  # fmt: skip
FORMS = Asked("it works bare, with empty parentheses, and with a setting", 3, RETRIES, (
    Rule(forms, lambda run: run.trouble and "=" not in run.kind,
         TROUBLE, "",
         "Bare, the function is the first argument. With parentheses there is none: return a decorator."),
    Rule(forms, lambda run: not run.trouble and (run.opened, run.gave_error) != (run.wanted, run.gives_up),
         "{times}.", "",
         f"{SETTING} It is 3 by default, and counts all attempts. The error of the last one goes on."),
    Rule(forms, lambda run: run.trouble, TROUBLE, "", SETTING),
))  # fmt: skip
REFUSED = Asked("a stage is refused at the line that decorates", 2, REACHED, (
    Rule(stages, lambda stage: not stage.right, "{method} was decorated. This line raised {raised}.", "",
         f"Raise a `TypeError` in the body of the decorator, outside the wrapper. {PARAMETERS}"),
))  # fmt: skip
KEPT = Asked("the method keeps its name, its docstring and its kind", 1, REACHED, (
    Rule(forms, lambda run: not run.trouble and not run.kept_name,
         "`{kind}`: the name of the method is {name}.", "",
         "Put `@functools.wraps(function)` above each wrapper."),
    # Only the answer's own process can say this.
    Rule(forms, lambda run: not (run.trouble or run.generator),
         "`{kind}`: `inspect.isgeneratorfunction` was True for the method, and is False now.", "",
         "A wrapper with `yield from` is a generator function; one with `return` is not."),
), hearsay=True)  # fmt: skip
SAME = Asked("each record comes once, and only when it is pulled", 1, RETRIES, timed.lazy(forms), (
    Rule(forms, lambda run: run.arrived > run.sent
         or not (run.trouble or run.gives_up or run.error or run.whole),
         "`{kind}`: {sent} records. Received: {came}.", "",
         "Yield each record once: `retryOnFailure` does this, and you may use it."),
    Rule(alike, lambda one: one.any and one.opened > 1, OPENED, "composition-retry-catches-all", ONLY_THAT),
    Rule(alike, lambda one: one.opened > 1, OPENED, "", ONLY_THAT),
    Rule(alike, lambda one: not one.whole,
         "two sources of the same class, with lines that drop, were read in turn. Each sent: {sent}. "
         "Received: {told}.", "", timed.PER_RUN),
    timed.no_pause(forms),
))  # fmt: skip
ruled(KEY, "With parentheses and without", kind="build", answer="patient", version=9, given=given,
      asked=[FORMS, REFUSED, SAME, KEPT])  # fmt: skip
