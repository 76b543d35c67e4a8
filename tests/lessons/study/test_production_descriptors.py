"""What the lesson on descriptors claims about Python and about well-kept libraries, tried."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import json
import math
import sys
import threading
import traceback
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attr
import attrs
import pydantic
import pytest

from lifecycle import PipelineConfig


def test_property_is_a_descriptor_with_set_and_refuses_without_a_setter() -> None:
    class Settings:
        @property
        def spread(self) -> float:
            return 1.0

    assert hasattr(property, "__get__") and hasattr(property, "__set__")
    settings: Any = Settings()
    with pytest.raises(AttributeError):
        settings.spread = 7.3


def test_cached_property_lets_the_instance_dictionary_answer_and_notices_no_change() -> None:
    class Settings:
        def __init__(self) -> None:
            self.spread = 7.3

        @functools.cached_property
        def twice(self) -> float:
            return 2 * self.spread

    assert not hasattr(functools.cached_property, "__set__")
    settings = Settings()
    assert settings.twice == 14.6 and vars(settings)["twice"] == 14.6
    settings.spread = 1.0
    assert settings.twice == 14.6


def test_cached_property_keeps_no_second_thread_from_calculating_since_python_3_12() -> None:
    both = threading.Barrier(2, timeout=60)

    class Settings:
        @functools.cached_property
        def spread(self) -> int:
            return both.wait()

    settings = Settings()
    if sys.version_info >= (3, 12):
        with ThreadPoolExecutor(2) as executor:
            assert sorted(executor.map(lambda _: settings.spread, range(2))) == [0, 1]
    else:
        assert hasattr(vars(Settings)["spread"], "lock"), "one thread waits for the other"


def test_a_function_is_a_descriptor_without_set_and_an_instance_may_have_its_own() -> None:
    class Settings:
        def report(self) -> str:
            return "the class"

    assert hasattr(Settings.report, "__get__") and not hasattr(Settings.report, "__set__")
    settings: Any = Settings()
    settings.report = lambda: "the instance"
    assert settings.report() == "the instance"


def test_a_dataclass_checks_nothing() -> None:
    @dataclasses.dataclass
    class Plain:
        spread: float = 1.0

    plain: Any = Plain(spread="7.3")  # type: ignore[arg-type]
    assert plain.spread == "7.3" and repr(plain).endswith("Plain(spread='7.3')") and plain == Plain("7.3")  # type: ignore[arg-type]
    plain.spread = None
    assert plain.spread is None
    with pytest.raises(TypeError, match="unhashable"):
        hash(plain)


def test_attrs_checks_in_the_constructor_and_at_each_assignment_and_keeps_the_old_value() -> None:
    @attrs.define
    class Checked:
        windowSize: int = attrs.field(default=7, validator=attrs.validators.instance_of(int))
        spread: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))
        label: str = "pipeline"

    with pytest.raises(ValueError, match="'spread' must be > 0: 0"):
        Checked(spread=0)
    checked: Any = Checked(spread=7.3)
    with pytest.raises(ValueError):
        checked.spread = 0
    assert checked.spread == 7.3
    checked.label = 7
    assert checked.label == 7, "the annotation alone is no check"
    checked.windowSize = True
    assert checked.windowSize is True
    with pytest.raises(AttributeError):
        checked.spred = 7.3


def test_the_older_attrs_checks_in_the_constructor_alone() -> None:
    @attr.s
    class Checked:
        windowSize: Any = attr.ib(default=7, validator=attr.validators.instance_of(int))

    checked: Any = Checked()
    checked.windowSize = "7"
    assert checked.windowSize == "7"
    with pytest.raises(TypeError):
        Checked("7")


def test_pydantic_as_it_comes_converts_drops_and_checks_no_assignment() -> None:
    class Model(pydantic.BaseModel):
        windowSize: int = 7
        spread: float = 1.0

    made: Any = Model(**json.loads('{"windowSize": "30", "spred": 7.3}'))
    assert (made.windowSize, made.spread) == (30, 1.0)
    assert Model(**json.loads('{"windowSize": true}')).windowSize == 1
    assert math.isnan(Model(spread=math.nan).spread)
    made.windowSize = "seven"
    assert made.windowSize == "seven"
    with pytest.raises(pydantic.ValidationError) as seen:
        Model(**json.loads('{"windowSize": "seven", "spread": null}'))
    assert seen.value.error_count() == 2, "all errors of a model at once"


@pytest.mark.parametrize(
    ("settings", "field", "value"),
    [
        ({"validate_assignment": True}, "windowSize", "seven"),
        ({"validate_assignment": True, "strict": True}, "windowSize", "7"),
        ({"validate_assignment": True, "strict": True}, "windowSize", True),
        ({"validate_assignment": True, "allow_inf_nan": False}, "spread", math.nan),
    ],
)
def test_pydantic_refuses_when_it_is_told_to(settings: Any, field: str, value: object) -> None:
    class Model(pydantic.BaseModel):
        model_config = settings
        windowSize: int = 7
        spread: float = 1.0

    made = Model()
    with pytest.raises(pydantic.ValidationError):
        setattr(made, field, value)
    assert (made.windowSize, made.spread) == (7, 1.0)


def test_pydantic_reports_a_misspelt_keyword_when_it_forbids_extras() -> None:
    class Model(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(extra="forbid")
        spread: float = 1.0

    with pytest.raises(pydantic.ValidationError, match="spred"):
        Model(**json.loads('{"spred": 7.3}'))


def test_neither_sees_a_list_that_is_changed_in_place() -> None:
    @attrs.define
    class Checked:
        columns: list[Any] = attrs.field(
            validator=attrs.validators.deep_iterable(attrs.validators.instance_of(str))
        )

    class Model(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(validate_assignment=True)
        columns: list[str]

    for report in (Checked(columns=["wind"]), Model(columns=["wind"])):
        columns: Any = report.columns
        columns.append(7)
        assert columns == ["wind", 7] and report.columns is columns


def test_a_refusal_is_four_frames_below_the_assignment() -> None:
    config = PipelineConfig()
    try:
        config.spread = 0
    except ValueError as error:
        steps = [step.name for step in traceback.extract_tb(error.__traceback__)]
    assert steps[1:] == ["__setattr__", "__set__", "check", "refuse"]


def test_what_stands_in_the_storage_goes_past_every_check() -> None:
    config = PipelineConfig(spread=7.3)
    vars(config)["_spread"] = 0
    assert config.spread == 0


def test_the_storage_may_have_the_descriptors_own_name_if_both_ways_go_past_it() -> None:
    class Number:
        def __set_name__(self, owner: type, name: str) -> None:
            self.name = name

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            return instance.__dict__[self.name]

        def __set__(self, instance: Any, value: Any) -> None:
            instance.__dict__[self.name] = value

    class Settings:
        spread = Number()

    first, second = Settings(), Settings()
    first.spread, second.spread = 7.3, 9.1
    assert (first.spread, second.spread) == (7.3, 9.1)


def test_set_name_may_be_called_by_hand() -> None:
    class Number:
        def __set_name__(self, owner: type, name: str) -> None:
            self.storage = "_" + name

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            return self if instance is None else getattr(instance, self.storage)

        def __set__(self, instance: Any, value: Any) -> None:
            instance.__dict__[self.storage] = value

    class Settings:
        pass

    late: Any = Settings
    late.center = Number()
    late.center.__set_name__(Settings, "center")
    settings = late()
    settings.center = 16.4
    assert settings.center == 16.4


def test_weak_keys_let_go_and_cannot_be_every_object() -> None:
    class Settings:
        pass

    class Equal:
        def __eq__(self, other: object) -> bool:
            return True

    class Slotted:
        __slots__ = ("spread",)

    values: weakref.WeakKeyDictionary[Any, float] = weakref.WeakKeyDictionary()
    settings = Settings()
    values[settings] = 7.3
    del settings
    gc.collect()
    assert len(values) == 0
    for refused in (Equal(), Slotted()):
        with pytest.raises(TypeError):
            values[refused] = 7.3


def test_a_property_that_turns_its_error_into_another_class_is_heard() -> None:
    class Settings:
        @property
        def spread(self) -> float:
            try:
                return float(self._spred)
            except AttributeError as error:
                raise RuntimeError("spread") from error

        def __getattr__(self, name: str) -> float:
            if name == "spread":
                return 1.0
            raise AttributeError(name)

    with pytest.raises(RuntimeError):
        Settings().spread  # noqa: B018


@pytest.mark.parametrize("name", ["__enter__", "__len__", "__eq__", "__get__", "__set__", "__set_name__"])
def test_what_the_language_calls_is_looked_up_on_the_class(name: str) -> None:
    class Plain:
        pass

    called: list[str] = []
    plain: Any = Plain()
    setattr(plain, name, lambda *given: called.append(name))
    attempts = (
        lambda: len(plain),
        lambda: plain == 1,
        lambda: exec("with plain: pass", {"plain": plain}),
        lambda: setattr(type("Host", (), {"plain": plain})(), "plain", 1),
        lambda: type("Host", (), {"plain": plain})().plain,
    )
    for attempt in attempts:
        with contextlib.suppress(TypeError):
            attempt()
    assert called == []
