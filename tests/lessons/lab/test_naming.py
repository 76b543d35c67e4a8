"""How a descriptor is named: what the lab says against the same classes, written here by hand."""

import itertools

import pytest

from lessons.lab.experiments.assign import FIELDS
from lessons.lab.experiments.naming import NAMINGS, NamingSettings, listing, misspelt, naming
from lifecycle.descriptors import Number, Text, Whole

VALUES = ("0", "7", "2.5", "'x'", "True", "nan")
EVERY = [NamingSettings(*chosen) for chosen in itertools.product(FIELDS, VALUES, NAMINGS)]
KINDS = {
    "label": (Text, {}),
    "windowSize": (Whole, {"least": 1}),
    "maxAttempts": (Whole, {"least": 1}),
    "delaySeconds": (Number, {"least": 0}),
    "center": (Number, {}),
    "spread": (Number, {"above": 0}),
}


def named(one):
    return f"{one.field}={one.value} {one.naming}"


def by_hand(settings):
    """A class of the same descriptors: what it raises, what it stores, and what both names read as."""
    kind, limits = KINDS[settings.field]
    field, other = settings.field, settings.other

    def told(name):
        made = type("ByHand", (kind,), {"__set_name__": lambda self, owner, name: None})(**limits)
        made.name, made.storage = name, "_" + name
        return made

    if settings.naming == "two":
        both = kind(**limits)
        make = {field: both, other: both}
    elif settings.naming == "shared":
        both = told(field)
        make = {field: both, other: both}
    else:
        make = {other: told(other), field: told(field if settings.naming == "hand" else misspelt(field))}
    try:
        config = type("Config", (), make)()
    except (TypeError, RuntimeError) as error:
        error = error.__cause__ or error
        return f"{type(error).__name__}: {error}", None
    start = {"label": "weather", "windowSize": 7, "maxAttempts": 3, "delaySeconds": 1.0, "center": 16.4}
    setattr(config, other, start.get(field, 7.3))
    error = ""
    try:
        setattr(config, field, eval(settings.value, {"nan": float("nan")}))
    except (TypeError, ValueError) as refused:
        error = f"{type(refused).__name__}: {refused}"
    return error, {name: repr(value) for name, value in vars(config).items()}


@pytest.mark.parametrize("chosen", EVERY, ids=named)
def test_what_is_shown_is_what_such_a_class_does(chosen):
    outcome = naming(chosen)
    error, stored = by_hand(chosen)
    assert outcome.error == error
    assert (None if outcome.stored is None else dict(outcome.stored)) == stored
    assert bool(outcome.called) == (stored is not None)
    assert outcome.refused == (chosen.naming == "two")
    assert outcome.line == ({True: 1, False: len(outcome.lines) - 1}[outcome.refused] if error else 0)
    if chosen.naming == "misspelt":
        assert (
            (f"Config.{misspelt(chosen.field)} = " in error)
            if error
            else f"_{misspelt(chosen.field)}" in stored
        )
    if chosen.naming == "shared":
        values = [value for _, value in outcome.reads]
        assert values[0] == values[1] and len(stored) == 1
    text = outcome.text()
    assert outcome.sentence in text and all(line in text for line in listing(chosen).splitlines())
    assert text == naming(chosen).text() and " at 0x" not in text


SENTENCES = {
    NamingSettings("spread", "2.5", "hand"): (
        "The value is stored as _spread. This time the name is right. The name spread is written twice, and "
        "nothing compares the two."
    ),
    NamingSettings("spread", "2.5", "misspelt"): (
        "No error: the value is stored as _spraed, and config.spread reads it from there. A message about "
        "spread will name spraed."
    ),
    NamingSettings("spread", "0", "misspelt"): (
        "Line 14 raises: ValueError: Config.spraed = 0: allowed is a finite number, more than 0. The message "
        "names spraed, which is not a field: that name was misspelt by hand."
    ),
    NamingSettings("center", "7", "two"): (
        "Line 1 raises, before there is any instance: TypeError: Config.spread: this descriptor is already "
        "center; make one for each name. Python tells each name to __set_name__, and this one refuses a "
        "second name."
    ),
    NamingSettings("center", "7", "shared"): (
        "No error: both names have one descriptor, which stores one value. After config.center = 7, "
        "config.spread reads 7 as well."
    ),
    NamingSettings("center", "'x'", "shared"): (
        "Line 13 raises: TypeError: Config.center = 'x': allowed is a finite number. A message about spread "
        "names center too: both names have one descriptor."
    ),
}


@pytest.mark.parametrize("chosen", SENTENCES, ids=named)
def test_sentences(chosen):
    assert naming(chosen).sentence == SENTENCES[chosen]


def test_what_is_not_allowed_is_told():
    with pytest.raises(ValueError, match="naming='else' is not one of hand, misspelt, two, shared"):
        NamingSettings(naming="else")
    with pytest.raises(ValueError, match="windowsize has no descriptor whose name could be wrong"):
        NamingSettings("windowsize")
    with pytest.raises(ValueError, match="text needs quotes"):
        NamingSettings("spread", "seven")
