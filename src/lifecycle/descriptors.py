"""Descriptors that check a value at the line of its assignment.

A descriptor is an object on the class that answers for an attribute of the instances. Each one here learns
its name from `__set_name__`, keeps the value in the instance under `_name`, and refuses a wrong one before it
replaces the old. A shared base with a check of its own: the Descriptor HowTo in Python's documentation.
"""

import math
import reprlib
import sys

LARGEST = sys.float_info.max


class Field:
    """A checked attribute. A subclass says in `check` what is allowed; it accepts anything itself.

    >>> class Station:
    ...     name = Field()
    >>> station = Station()
    >>> station.name = "Seattle"
    >>> station.name, vars(station)
    ('Seattle', {'_name': 'Seattle'})
    """

    def __set_name__(self, owner, name):
        if hasattr(self, "name"):
            raise TypeError(
                f"{owner.__name__}.{name}: this descriptor is {self.name} already; make one for each name"
            )
        self.name = name
        self.storage = "_" + name  # another name than its own, else __get__ would call itself without end

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return getattr(instance, self.storage)

    def __set__(self, instance, value):
        self.check(instance, value)
        instance.__dict__[self.storage] = value

    def __delete__(self, instance):
        raise AttributeError(f"{type(instance).__name__}.{self.name} cannot be deleted: assign another value")

    def check(self, instance, value):
        """Return if `value` is allowed, else raise `TypeError` or `ValueError`."""

    def refuse(self, error, instance, value, allowed):
        """Raise `error` with the class, the field, the value given and what is allowed."""
        try:
            given = reprlib.repr(value)
        except ValueError:  # Python prints no number of more than 4,300 digits
            given = "a number too long to print"
        raise error(f"{type(instance).__name__}.{self.name} = {given}: allowed is {allowed}")


class Text(Field):
    """Text that is not empty."""

    def check(self, instance, value):
        if not isinstance(value, str):
            self.refuse(TypeError, instance, value, "text")
        if not value:
            self.refuse(ValueError, instance, value, "text that is not empty")


class Whole(Field):
    """A whole number, `least` or more. `True` is no number.

    >>> class Window:
    ...     size = Whole(1)
    >>> Window().size = 0
    Traceback (most recent call last):
        ...
    ValueError: Window.size = 0: allowed is a whole number, 1 or more
    """

    def __init__(self, least):
        self.least = least
        self.allowed = f"a whole number, {least} or more"

    def check(self, instance, value):
        if not isinstance(value, int) or isinstance(value, bool):
            self.refuse(TypeError, instance, value, self.allowed)
        if value < self.least:
            self.refuse(ValueError, instance, value, self.allowed)


class Number(Field):
    """A finite number, `least` or more, or more than `above`. NaN is none, nor is what no float can hold."""

    def __init__(self, least=-LARGEST, above=-math.inf):
        self.least, self.above = least, above
        self.allowed = "a finite number"
        if least > -LARGEST:
            self.allowed += f", {least} or more"
        if above > -math.inf:
            self.allowed += f", more than {above}"

    def check(self, instance, value):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            self.refuse(TypeError, instance, value, self.allowed)
        if not (self.least <= value <= LARGEST and value > self.above):
            self.refuse(ValueError, instance, value, self.allowed)
