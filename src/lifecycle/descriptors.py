"""Descriptors that check a value at the line of its assignment.

A descriptor is an object in the class that handles reading and assigning an attribute of the instances. Each
descriptor here learns its name from `__set_name__` and stores the value in the instance as `_name`. It checks
a new value before it replaces the old one. The design is that of Python's Descriptor HowTo.
"""

import math
import reprlib
import sys

LARGEST = sys.float_info.max


class Field:
    """A checked attribute. `Field` itself accepts any value; a subclass defines in `check` what is allowed.

    >>> class Settings:
    ...     label = Field()
    >>> settings = Settings()
    >>> settings.label = "weather"
    >>> settings.label, vars(settings)
    ('weather', {'_label': 'weather'})
    """

    def __set_name__(self, owner, name):
        if hasattr(self, "name"):
            raise TypeError(
                f"{owner.__name__}.{name}: this descriptor is already {self.name}; make one for each name"
            )
        self.name = name
        self.storage = "_" + name  # not its own name: __get__ would call itself forever

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
        """Raise `TypeError` or `ValueError` if `value` is not allowed."""

    def refuse(self, error, instance, value, allowed):
        """Raise `error` with the class, the field, the value and what is allowed."""
        try:
            given = reprlib.repr(value)
        except ValueError:  # Python refuses to print a number of more than 4,300 digits
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
    """A whole number, `least` or more. `True` is not accepted.

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
    """A finite number, `least` or more, or more than `above`. NaN and numbers too large for a float fail."""

    def __init__(self, least=-LARGEST, above=-math.inf):
        self.least = least
        self.above = above
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
