"""composition-x2: close all of them, last first."""

from typing import Any

from lessons.exercises import Asked, Fact, Facts, Rule, Sheet, attempt, declared, ruled
from lessons.exercises.exercise import unchanged


@declared("close __eq__ __hash__", "name", name="Part")
class Station:
    """A part that is open when it is made: `close()` is noted in `diary`, and may fail.

    equal: whether it is equal to every other part.
    """

    def __init__(self, name: str, diary: list[str], error: BaseException | None, equal: bool) -> None:
        self.name, self.diary, self.error, self.equal = name, diary, error, equal
        if error is not None:
            error.__cause__ = OSError("the line dropped")

    def __eq__(self, other: object) -> bool:
        return self.equal or self is other

    def __hash__(self) -> int:
        return 0

    def close(self) -> bool:
        self.diary.append(self.name)
        if self.error is not None:
            raise self.error
        # The return value has no meaning: it says nothing about the failure of another part.
        return True


def closings(answer: Any, sheet: Sheet) -> Facts:
    """No part fails, then one, several, some with Ctrl-C and one with a `GeneratorExit`; then equal parts."""
    names = sheet.given
    last = len(names) - 1
    some = sheet.variant.number("composition-x2 fails", 1, last - 1)
    several = [(OSError, *fails) for fails in ((some,), (0, some), (last,), (0, some, last))]
    runs: list[Any] = [(OSError,), *several, (KeyboardInterrupt, some), (GeneratorExit, some)]
    runs += [(KeyboardInterrupt, some, last), (OSError,)]
    for number, (kind, *fails) in enumerate(runs, 1):
        diary, equal = list[str](), number == len(runs)
        # After the first failure, others are of another kind.
        kinds = {at: kind if at == fails[0] else OSError for at in fails}
        errors = {names[at]: one(f"{names[at]} has hung up") for at, one in kinds.items()}
        tried = attempt(answer, [Station(name, diary, errors.get(name), equal) for name in names])
        closed = list(dict.fromkeys(diary))
        again = next((name for name in diary if diary.count(name) > 1), "")
        raised = [error for name, error in errors.items() if name in diary]
        out = _all(tried.error)
        yield Fact(
            fails=bool(fails), equal=equal,
            what="no part failed, all of them are equal" if equal else "no part failed",
            kind=" and ".join(one.__name__ for one in dict.fromkeys(kinds.values())),
            opened=", ".join(names), closed=", ".join(closed),
            missed=", ".join(name for name in names if name not in diary), again=again,
            times=diary.count(again),
            last_first=closed == [name for name in reversed(names) if name in closed],
            failures=len(raised), raised=tried.raised if raised else tried.said,
            no_error=tried.error is None, one_of_theirs=any(id(one) in out for one in raised),
            its_own=len(raised) == 1 and unchanged(tried, raised[0]),
        )  # fmt: skip


def _all(error: BaseException | None) -> set[int]:
    """The ids of an error, and of all that it holds or refers to: members of groups, causes, contexts."""
    found = [] if error is None else [error]
    for one in found:
        held = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        more = (new for new in (one.__cause__, one.__context__, *held) if new is not None)
        found += [new for new in more if all(new is not old for old in found)]
    return set(map(id, found))


ALL_CLOSED = Asked("every part is closed, also when another one fails", 2, (
    Rule(closings, lambda one: one.missed and one.again and not (one.fails or one.equal),
         "{again} was closed {times} times, and these never: {missed}.", "generators-loop-value-is-kept",
         "A `lambda` looks up its variable when it is called, after the loop. Pass `part.close` itself."),
    Rule(closings, lambda one: one.missed and not one.fails,
         "{what}, and these were not closed: {missed}. The call raised {raised}.", "",
         "Close each of them, also one that is equal (`==`) to another."),
    Rule(closings, lambda one: one.missed and one.kind == "OSError",
         "{failures} of the parts failed to close, and these stayed open: {missed}.", "",
         "If a `close()` raises, the lines below it do not run. `ExitStack.callback` closes each part."),
    Rule(closings, lambda one: one.missed and one.kind == "KeyboardInterrupt",
         "a part was stopped by Ctrl-C while it closed, and these stayed open: {missed}.",
         "leaks-except-is-enough",
         "`KeyboardInterrupt` does not inherit from `Exception`. Use `ExitStack.callback` or `finally`."),
    Rule(closings, lambda one: one.missed,
         "`close()` of a part raised `{kind}`, and these stayed open: {missed}.", "",
         "`ExitStack.callback` and `finally` work after every error."),
    Rule(closings, lambda one: one.again, "{again} was closed {times} times.", "", "Close each part once."),
))  # fmt: skip
LAST_FIRST = Asked("the last one opened is closed first", 1, (
    # So it costs more than half to close only one part: the order of one shows nothing.
    Rule(closings, lambda one: one.missed and not (one.fails or one.equal),
         "the order can be seen only when each part is closed.", "", "Fix that first."),
    Rule(closings, lambda one: not one.last_first,
         "opened in the order {opened}, closed in the order {closed}.", "",
         "A part may need the parts that were opened before it. `ExitStack` goes backwards by itself."),
))  # fmt: skip
COMES_OUT = Asked("a failure comes out", 2, (
    Rule(closings, lambda one: not one.closed, "no part was closed.", "", "Fix that first."),
    Rule(closings, lambda one: one.failures and not one.one_of_theirs,
         "{failures} of the parts failed to close, and the call raised {raised}.", "",
         "When all are closed, raise one of their errors, alone or in a group."),
    Rule(closings, lambda one: one.failures == 1 and not one.its_own,
         "a single part failed to close, and the call raised {raised}. It is not the part's own "
         "error, or its text or its cause was changed.", "",
         "Let its own error go on unchanged, without another one around it."),
    Rule(closings, lambda one: not one.failures and not one.no_error,
         "no part failed to close, but the call raised {raised}.", "",
         "Begin each call with a new list: a default such as `errors=[]` is made once, for all calls."),
))  # fmt: skip
ruled("composition-x2", "Close all of them, last first", kind="fix", answer="shut_down", version=6,
      given=lambda variant: variant.stations("composition-x2", variant.number("composition-x2", 4, 6)),
      asked=[ALL_CLOSED, LAST_FIRST, COMES_OUT])  # fmt: skip
