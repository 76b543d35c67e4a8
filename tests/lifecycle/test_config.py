"""The descriptors and PipelineConfig, one test or more for each numbered line of their behaviour."""

import copy
import gc
import math
import pickle
import traceback
import weakref
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.config import PipelineConfig
from lifecycle.descriptors import Field, Number, Text, Whole

FIELDS = ["label", "windowSize", "maxAttempts", "delaySeconds", "center", "spread"]
WRONG_TYPES = [
    ("label", [None, 7, b"bytes", ["a"]]),
    ("windowSize", [None, "7", 7.0, True, False, [7]]),
    ("maxAttempts", [None, "3", 3.0, True]),
    ("delaySeconds", [None, "1", True, 1j, Fraction(1, 2)]),
    ("center", [None, "1", False, [1.0]]),
    ("spread", [None, "1", True]),
]
WRONG_VALUES = [
    ("label", [""]),
    ("windowSize", [0, -1]),
    ("maxAttempts", [0, -(10**30)]),
    ("delaySeconds", [-0.001, math.nan, math.inf, -math.inf, 10**400]),
    ("center", [math.nan, math.inf, -math.inf, 10**400, -(10**400)]),
    ("spread", [0, 0.0, -1, math.nan, math.inf, 10**400]),
]
REFUSED = [(field, value, TypeError) for field, values in WRONG_TYPES for value in values] + [
    (field, value, ValueError) for field, values in WRONG_VALUES for value in values
]
finite = st.floats(allow_nan=False, allow_infinity=False)
allowed = st.fixed_dictionaries(
    {},
    optional={
        "label": st.text(min_size=1),
        "windowSize": st.integers(min_value=1),
        "maxAttempts": st.integers(min_value=1),
        "delaySeconds": st.floats(min_value=0, allow_infinity=False) | st.integers(0, 10**9),
        "center": finite | st.integers(-(10**9), 10**9),
        "spread": st.floats(min_value=0, exclude_min=True, allow_infinity=False),
    },
)


class Bare:
    """A class with checked attributes and nothing else."""

    label = Text()
    size = Whole(1)
    spread = Number(above=0)


# 1 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("field", "value", "kind"), REFUSED, ids=lambda value: f"{value!r:.20}")
def test_1_a_wrong_type_or_value_fails_at_the_line_of_the_assignment(field, value, kind):
    config = PipelineConfig()
    with pytest.raises(kind) as caught:
        setattr(config, field, value)
    assert type(caught.value) is kind
    assert str(caught.value).startswith(f"PipelineConfig.{field} = ")
    assert "allowed is " in str(caught.value)


@pytest.mark.parametrize(("field", "value", "kind"), REFUSED, ids=lambda value: f"{value!r:.20}")
def test_1_the_constructor_included(field, value, kind):
    with pytest.raises(kind, match=f"PipelineConfig.{field} = "):
        PipelineConfig(**{field: value})


def test_1_the_traceback_shows_the_assignment():
    config = PipelineConfig()
    with pytest.raises(ValueError) as caught:
        config.windowSize = 0
    assert traceback.extract_tb(caught.value.__traceback__)[0].line == "config.windowSize = 0"


def test_1_the_message_names_the_class_of_the_instance_the_field_the_value_and_what_is_allowed():
    class ClimateConfig(PipelineConfig):
        pass

    with pytest.raises(ValueError) as caught:
        ClimateConfig(spread=0.0)
    assert str(caught.value) == "ClimateConfig.spread = 0.0: allowed is a finite number, more than 0"
    with pytest.raises(TypeError) as caught:
        ClimateConfig(maxAttempts="3")
    assert str(caught.value) == "ClimateConfig.maxAttempts = '3': allowed is a whole number, 1 or more"


def test_1_a_value_that_cannot_be_shown_does_not_hide_the_field():
    class Unshowable:
        def __repr__(self):
            raise RuntimeError("no repr")

    with pytest.raises(TypeError, match=r"PipelineConfig.label = <Unshowable instance"):
        PipelineConfig(label=Unshowable())
    # A newer Python's reprlib names such a number itself, by its digits and its address.
    shown = r"(a number too long to print|<int instance with roughly 5001 digits [^:]*>)"
    with pytest.raises(ValueError, match=rf"PipelineConfig\.center = {shown}: allowed is a finite number$"):
        PipelineConfig(center=10**5000)
    with pytest.raises(TypeError) as caught:
        PipelineConfig(windowSize="x" * 10_000)
    assert len(str(caught.value)) < 120


# 2 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", FIELDS[1:])
@pytest.mark.parametrize("value", [True, False])
def test_2_true_is_no_number(field, value):
    with pytest.raises(TypeError):
        PipelineConfig(**{field: value})


@pytest.mark.parametrize("field", ["delaySeconds", "center", "spread"])
@pytest.mark.parametrize("value", [math.nan, math.inf, 10**309])
def test_2_what_is_no_finite_number_is_a_value_error(field, value):
    with pytest.raises(ValueError, match="finite number"):
        PipelineConfig(**{field: value})


def test_2_the_borders_are_allowed():
    largest = 1.7976931348623157e308
    config = PipelineConfig(windowSize=1, maxAttempts=1, delaySeconds=0, center=-largest, spread=5e-324)
    config.spread = largest
    assert (config.delaySeconds, config.center, config.spread) == (0, -largest, largest)


# 3 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("field", "value", "kind"), REFUSED, ids=lambda value: f"{value!r:.20}")
def test_3_a_rejected_assignment_leaves_the_old_value(field, value, kind):
    config = PipelineConfig()
    before = dict(vars(config))
    with pytest.raises(kind):
        setattr(config, field, value)
    assert vars(config) == before


# 4 ---------------------------------------------------------------------------------------------------------


@given(allowed, allowed)
def test_4_two_instances_are_independent(one, other):
    first, second = PipelineConfig(**one), PipelineConfig(**other)
    for name, value in one.items():
        assert getattr(first, name) == value
    for name, value in other.items():
        assert getattr(second, name) == value


@given(allowed)
def test_4_copy_and_pickle_keep_values_and_equal_configs_are_equal(fields):
    config = PipelineConfig(**fields)
    for twin in (copy.copy(config), copy.deepcopy(config), pickle.loads(pickle.dumps(config))):
        assert twin == config
        assert twin is not config
        twin.windowSize = config.windowSize + 1
        assert twin != config
    assert config != 7
    assert (config == 7) is False


@given(allowed)
def test_4_repr_shows_all_fields_and_rebuilds_the_config(fields):
    config = PipelineConfig(**fields)
    assert [name for name in FIELDS if f"{name}=" in repr(config)] == FIELDS
    assert eval(repr(config)) == config


def test_4_instances_are_garbage_collected():
    gc.disable()
    try:
        config = PipelineConfig()
        gone = weakref.ref(config)
        with pytest.raises(TypeError):
            config.label = 3
        del config
        gc.collect()
        assert gone() is None
    finally:
        gc.enable()


# 5 ---------------------------------------------------------------------------------------------------------


def test_5_the_class_gives_the_descriptor():
    assert isinstance(PipelineConfig.windowSize, Whole)
    assert PipelineConfig.windowSize is vars(PipelineConfig)["windowSize"]


def test_5_del_is_an_attribute_error_that_names_the_field():
    config = PipelineConfig()
    with pytest.raises(AttributeError, match=r"PipelineConfig.spread cannot be deleted"):
        del config.spread
    assert config.spread == 1.0


def test_5_subclasses_inherit_and_may_override():
    class WideConfig(PipelineConfig):
        windowSize = Whole(5)
        region = Text()

        def __init__(self, **fields):
            super().__init__(**{"region": "Seattle", **fields})

    config = WideConfig(windowSize=30)
    assert (config.windowSize, config.region, config.maxAttempts) == (30, "Seattle", 3)
    assert "region='Seattle'" in repr(config)
    with pytest.raises(ValueError, match=r"WideConfig.windowSize = 3: allowed is a whole number, 5 or more"):
        config.windowSize = 3
    with pytest.raises(ValueError, match=r"WideConfig.maxAttempts = 0"):
        config.maxAttempts = 0
    assert PipelineConfig(windowSize=3).windowSize == 3


# 6 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("windowsize", "windowSize"),
        ("window_size", "windowSize"),
        ("attempts", "maxAttempts"),
        ("lable", "label"),
    ],
)
def test_6_a_field_that_does_not_exist_is_an_attribute_error_with_the_nearest_name(wrong, meant):
    sentence = f"PipelineConfig has no field {wrong}: did you mean {meant}\\?"
    with pytest.raises(AttributeError, match=sentence):
        setattr(PipelineConfig(), wrong, 7)
    with pytest.raises(AttributeError, match=sentence):
        PipelineConfig(**{wrong: 7})


# 7 ---------------------------------------------------------------------------------------------------------


def test_7_the_value_lives_in_the_instance_under_an_underscore():
    config = PipelineConfig(label="weather")
    assert list(vars(config)) == ["_" + name for name in FIELDS]
    assert vars(config)["_label"] == "weather"


def test_7_names_come_from_set_name():
    assert [vars(PipelineConfig)[name].name for name in FIELDS] == FIELDS


def test_7_one_descriptor_under_two_names_is_a_type_error():
    shared = Text()
    with pytest.raises((TypeError, RuntimeError)) as caught:
        type("Twice", (), {"first": shared, "second": shared})
    error = caught.value if isinstance(caught.value, TypeError) else caught.value.__cause__
    assert isinstance(error, TypeError)
    assert str(error) == "Twice.second: this descriptor is already first; make one for each name"


def test_7_a_bare_class_needs_nothing_but_the_descriptors():
    bare = Bare()
    bare.size = 3
    with pytest.raises(AttributeError, match="_label"):
        _ = bare.label
    with pytest.raises(ValueError, match=r"Bare.size = 0"):
        bare.size = 0
    assert vars(bare) == {"_size": 3}
    assert isinstance(Bare.size, Field)
