"""The base of every lab: labelled controls, a view, one status sentence, and no swallowed errors.

A lab is built in four steps. ``LeakLab`` and ``ExitLab`` are examples to read.

1. Subclass `Lab` and call ``super().__init__("TheName")``.
2. Make controls: ``self.choice(…)``, ``self.number(…)``, ``self.switch(…)``, ``self.button(…)``. With
   ``more=True`` a control waits under "More".
3. Make views: ``self.view()`` returns an HTML widget, or use a widget of your own.
4. Call ``self.assemble(view, …)`` last. It arranges everything and calls ``refresh`` once.

``refresh`` reads the controls, calls a plain function of ``lessons.lab.experiments``, and shows its outcome.
It runs again whenever a control changes.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any
from weakref import WeakSet

import anywidget  # type: ignore[import-untyped, unused-ignore]
import ipywidgets  # type: ignore[import-untyped, unused-ignore]
import traitlets

from lessons.keys import KEYS
from lessons.words import agreeing, described, listed

_HERE = Path(__file__).parent

_turn = threading.RLock()
"""Only one thread at a time uses a lab. A front end may run a callback in another thread than the cells
(Jupyter's subshells). Then two callbacks, or a callback and a cell, could work on one pipeline at the same
time."""

FRAME = 1 / 60
"""Seconds between two frames of a screen."""


class WrongArgument(TypeError, ValueError):
    """A lab was called with an argument that it does not have, or with a value that it does not allow."""

    def _render_traceback_(self) -> list[str]:
        # In a notebook only the sentence is shown, because a traceback of the lab would not help.
        return [str(self)]


class Voice(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """The ``role="status"`` sentence, the progress bar and the text form of one lab."""

    _esm = KEYS + (_HERE / "voice.js").read_text(encoding="utf-8")
    _css = (_HERE / "base.css").read_text(encoding="utf-8")
    title = traitlets.Unicode().tag(sync=True)
    sentence = traitlets.Unicode().tag(sync=True)
    mark = traitlets.Enum(["", "ok", "fail", "error"], "").tag(sync=True)
    done = traitlets.Int(0).tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    twin = traitlets.Unicode().tag(sync=True)


class Unfold(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """A button with ``aria-expanded``; ``value`` says whether the part that it controls is open."""

    _esm = (_HERE / "unfold.js").read_text(encoding="utf-8")
    label = traitlets.Unicode("More").tag(sync=True)
    value = traitlets.Bool(False).tag(sync=True)


class Lab(ipywidgets.VBox):  # type: ignore[misc]
    """The base of every lab.

    ``controls`` has each control by name. ``errors`` has every exception that a callback raised, oldest
    first. ``sentence`` is the text of the status line.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            cls.__init__ = _explained(cls.__init__)  # type: ignore[method-assign]

    def __init__(self, title: str, heading: str = "") -> None:
        self.errors: list[Exception] = []
        self.controls: dict[str, Any] = {}
        self._title = title
        self._few: list[Any] = []
        self._advanced: list[Any] = []
        self._held = 0
        self._stale = False
        self._assembled = False
        self._heading = heading
        self._cells: set[str] = set()  # the cells whose outputs show this lab
        self._quarter = -1
        self.voice = Voice(title=title)
        self.voice.add_class("lc-voice")
        super().__init__()
        self.add_class("lifecycle-lab")

    # Controls

    def choice(
        self,
        name: str,
        label: str,
        options: Mapping[str, Any] | Sequence[Any],
        value: Any,
        *,
        radio: bool = False,
        more: bool = False,
    ) -> Any:
        """A control to choose one of `options` (label → value, or plain values); `radio` shows all."""
        kind = ipywidgets.RadioButtons if radio else ipywidgets.Dropdown
        named = options if isinstance(options, Mapping) else {str(one): one for one in options}
        pairs = list(named.items())
        return self.control(name, kind(description=label, options=pairs, value=value, style=_WIDE), more=more)

    def number(self, name: str, label: str, low: int, high: int, value: int, *, more: bool = False) -> Any:
        """A slider over the whole numbers from `low` to `high`, both included."""
        slider = ipywidgets.IntSlider(
            description=label, min=low, max=high, value=value, continuous_update=False, style=_WIDE
        )
        return self.control(name, slider, more=more)

    def switch(self, name: str, label: str, value: bool, *, more: bool = False) -> Any:
        """A checkbox."""
        box = ipywidgets.Checkbox(description=label, value=value, indent=False)
        return self.control(name, box, more=more)

    def button(
        self,
        name: str,
        label: str,
        action: Callable[[], object],
        *,
        primary: bool = False,
        more: bool = False,
    ) -> Any:
        """A button that calls `action()`."""
        button = ipywidgets.Button(description=label)
        if primary:
            button.add_class("lc-primary")
        button.on_click(self.guard(lambda _: action()))
        return self._place(name, button, more)

    def control(self, name: str, widget: Any, *, more: bool = False) -> Any:
        """Add any control that has a `value`; when it changes, `refresh` is called."""
        widget.tooltip = widget.tooltip or ""  # ipywidgets shows the tooltip "null" for None
        widget.observe(self.guard(lambda _: self._changed()), names="value")
        return self._place(name, widget, more)

    def _place(self, name: str, widget: Any, more: bool) -> Any:
        if name in self.controls:
            _close(widget)
            raise ValueError(f"{self._title} already has a control named {name!r}; take another name")
        self.controls[name] = widget
        (self._advanced if more else self._few).append(widget)
        return widget

    # Views

    def view(self) -> Any:
        """An empty HTML widget to draw in. Give the images and drawings in its `value` accessible names."""
        view = ipywidgets.HTML()
        view.add_class("lc-view")
        return view

    def say(self, sentence: str, mark: str = "") -> None:
        """Set the status line. `mark` is "", "ok", "fail" or "error": a glyph beside the words."""
        with self.voice.hold_sync():
            self.voice.sentence, self.voice.mark = sentence, mark
            self.voice.done = self.voice.total = 0
        self._quarter = -1

    def tell(self, twin: str) -> None:
        """Set the text form of the outcome, which is folded under the status line."""
        self.voice.twin = twin

    def progress(self, done: int, total: int, what: str) -> None:
        """Show how far a run is, e.g. ``progress(7, 20, "crash")``; the next `say` removes it.

        The bar moves each time, but the sentence only at each quarter, because a screen reader reads every
        change.
        """
        before, self._quarter = self._quarter, 4 * done // max(total, 1)
        with self.voice.hold_sync():
            self.voice.done, self.voice.total, self.voice.mark = done, total, ""
            if self._quarter != before:
                self.voice.sentence = f"Working: {what} {done} of {total}."

    @property
    def sentence(self) -> str:
        """The text of the status line."""
        return str(self.voice.sentence)

    def give_way(self) -> None:
        """Let the page paint what was sent so far, before the rest of an outcome is made and sent.

        Kernel, server and browser share the machine's few cores, so more work now would delay the drawing.
        """
        # Without a kernel there is no page to wait for.
        if getattr(self.comm, "kernel", None) is not None:
            time.sleep(FRAME)

    # Life

    def assemble(self, *views: Any) -> None:
        """Arrange controls, views and status line, and show the first outcome. Call it once, at the end."""
        parts: list[Any] = []
        if self._heading:
            heading = self.view()
            heading.value = f'<span class="lc-title">{escape(self._heading)}</span>'
            parts.append(heading)
        few = list(self._few)
        if self._advanced:
            unfold = Unfold()
            advanced = ipywidgets.Box(self._advanced)
            advanced.add_class("lc-controls")
            panel = ipywidgets.Box([advanced], layout={"display": "none", "overflow": "visible"})
            panel.add_class("lc-more")

            def fold(_: object) -> None:
                panel.layout.display = "flex" if unfold.value else "none"

            unfold.observe(self.guard(fold), names="value")
            self.controls["more"] = unfold
            few.append(unfold)
        if few:
            row = ipywidgets.Box(few)
            row.add_class("lc-controls")
            parts.append(row)
        if self._advanced:
            parts.append(panel)
        self.children = [*parts, *views, self.voice]
        self._assembled = True
        self.guard(lambda: self.refresh())()

    def refresh(self) -> None:
        """Read the controls, run the experiment, show the outcome. Every lab has its own."""
        raise NotImplementedError(f"{type(self).__name__} needs a refresh method of its own")

    def _changed(self) -> None:
        if self._held or not self._assembled:
            self._stale = True
        else:
            self.refresh()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Change several controls inside the block; `refresh` runs once, after it."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
        if self._stale and not self._held:
            self._stale = False
            self._changed()

    def guard(self, callback: Callable[..., object]) -> Callable[..., None]:
        """Wrap a callback so that its exception is stored in `errors` and shown in the status line.

        ipywidgets drops exceptions of an ``on_click`` callback, but here none may be lost. Only one callback
        runs at a time, also with several threads.
        """

        @functools.wraps(callback)
        def guarded(*args: object) -> None:
            try:
                with _turn:
                    callback(*args)
            except Exception as error:
                self.errors.append(error)
                self.say(
                    f"{self._title} could not show this: {type(error).__name__}: {error}. "
                    "Your settings are kept; change a control to go on.",
                    "error",
                )

        return guarded

    def close(self) -> None:
        """Close this lab and every model it holds: controls, views, layouts and styles."""
        if sys.is_finalizing():
            return  # at Python's end, ipywidgets closes the rest: the page is gone, and imports fail
        with _turn:
            for widget in _family(self):
                if widget is not self:
                    widget.unobserve_all()
                    widget.close()
            super().close()

    def __del__(self) -> None:
        # After a call with a wrong argument, Python deletes an object in which there is nothing to close.
        if hasattr(self, "errors"):
            super().__del__()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        # A cell that runs again shows a new lab. Without this, the earlier lab would stay open until the end.
        self.guard(lambda: _succeed(self))()
        return super()._repr_mimebundle_(**options)

    def __repr__(self) -> str:
        return f"{self._title}: {self.sentence}"


def _explained(begin: Callable[..., None]) -> Callable[..., None]:
    """The `__init__` of a lab, whose errors about its arguments are one sentence: `WrongArgument`."""
    _, *known = inspect.signature(begin).parameters
    allowed = f"but {agreeing(len(known), 'its argument is', 'its arguments are')} {listed(known) or 'none'}."

    @functools.wraps(begin)
    def explained(lab: Lab, *given: Any, **named: Any) -> None:
        name = type(lab).__name__
        wrong = [f"{key}={described(value)}" for key, value in named.items() if key not in known]
        wrong += [f"{len(given)} values"] if len(given) > len(known) else []
        wrong += [f"{key} twice" for key in known[: len(given)] if key in named]
        if wrong:
            raise WrongArgument(f"{name} was given {listed(wrong)}, {allowed}")
        try:
            begin(lab, *given, **named)
        except WrongArgument:
            raise
        except (TypeError, ValueError) as error:
            if hasattr(lab, "errors"):
                raise  # a lab looks at its arguments before it begins, so they were right
            raise WrongArgument(f"{name}: {str(error).removesuffix('.')}.") from error

    return explained


_shown: dict[str, tuple[str, WeakSet[Lab]]] = {}
"""For each cell's id: its latest execution, and the labs that this execution has displayed."""


def _succeed(lab: Lab) -> None:
    """Close the labs from earlier executions of the running cell, unless another cell shows them too."""
    cell, execution = running_cell()
    if not cell:
        return
    latest, labs = _shown.get(cell, ("", WeakSet()))
    if latest != execution:
        for former in set(labs) - {lab}:
            former._cells.discard(cell)
            if not former._cells:
                former.close()
        labs = WeakSet()
    labs.add(lab)
    lab._cells.add(cell)
    _shown[cell] = execution, labs


def running_cell() -> tuple[str, str]:
    """The id of the notebook's cell that is running, and of this execution; empty if unknown."""
    python: Any = sys.modules.get("IPython")
    shell: Any = python.get_ipython() if python is not None else None
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = (parent.get("metadata") or {}).get("cellId")
    return (str(cell), str(parent["header"]["msg_id"])) if cell else ("", "")


_WIDE = {"description_width": "initial"}


def _close(widget: Any) -> None:
    for one in _family(widget):
        one.close()


def _family(root: Any) -> list[Any]:
    """`root` and every widget that its traits lead to, each once."""
    found: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        widget = waiting.pop()
        if id(widget) in found:
            continue
        found[id(widget)] = widget
        for value in widget.trait_values().values():
            several = value if isinstance(value, (tuple, list)) else (value,)
            waiting.extend(one for one in several if isinstance(one, ipywidgets.Widget))
    return list(found.values())


def unread(told: str) -> str:
    """HTML of a glyph and words; screen readers skip the glyph: "▶ ran" is read as "ran"."""
    glyph, _, words = told.partition(" ")
    return f'<span aria-hidden="true">{glyph} </span>{words}' if words else told


def drive(lab: Lab, name: str, value: Any = None) -> None:
    """Use one control as a student does: click the button, or set the value.

    Raises the error of a callback, and `KeyError` with a list of the controls for an unknown name.
    """
    if name not in lab.controls:
        raise KeyError(f"no control named {name!r}; this lab has {', '.join(lab.controls)}")
    before = len(lab.errors)
    control = lab.controls[name]
    if isinstance(control, ipywidgets.Button):
        control.click()
    else:
        control.value = value
    if len(lab.errors) > before:
        raise lab.errors[before]


def values(control: Any) -> list[Any]:
    """Every value a control can take, for a test that drives it through all of them."""
    if isinstance(control, (ipywidgets.Dropdown, ipywidgets.RadioButtons)):
        return [value for _, value in control._options_full]
    if isinstance(control, ipywidgets.IntSlider):
        return list(range(control.min, control.max + 1, control.step))
    if isinstance(control, (ipywidgets.Checkbox, Unfold)):
        return [False, True]
    raise TypeError(f"no list of values is known for a {type(control).__name__}")
