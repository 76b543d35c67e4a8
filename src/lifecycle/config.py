"""The settings of a pipeline, each checked at the line where it is assigned."""

from lifecycle.descriptors import Number, Text, Whole


class PipelineConfig:
    """The settings of one pipeline, given by keyword. Every field has a default.

    label          text that is not empty
    windowSize     how many records a rolling mean covers: a whole number, 1 or more
    maxAttempts    how often a retried source is tried in all: a whole number, 1 or more
    delaySeconds   seconds between two attempts: finite, 0 or more
    center         the number that is subtracted to normalise a value: finite
    spread         the number that it is then divided by: finite, more than 0

    A wrong type raises `TypeError`, a wrong value `ValueError`, and an unknown field `AttributeError`. Each
    message says what is allowed, and the field keeps its old value.

    >>> config = PipelineConfig(label="weather", center=16.4, spread=7.3)
    >>> config.windowSize = 0
    Traceback (most recent call last):
        ...
    ValueError: PipelineConfig.windowSize = 0: allowed is a whole number, 1 or more
    >>> config.windowsize = 7
    Traceback (most recent call last):
        ...
    AttributeError: PipelineConfig has no field windowsize: did you mean windowSize?
    >>> config.windowSize
    7
    """

    label = Text()
    windowSize = Whole(1)
    maxAttempts = Whole(1)
    delaySeconds = Number(least=0)
    center = Number()
    spread = Number(above=0)

    def __init__(self, **fields):
        defaults = {
            "label": "pipeline",
            "windowSize": 7,
            "maxAttempts": 3,
            "delaySeconds": 1.0,
            "center": 0.0,
            "spread": 1.0,
        }
        for name, value in {**defaults, **fields}.items():
            setattr(self, name, value)

    def __repr__(self):
        fields = ", ".join(f"{name[1:]}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({fields})"

    def __eq__(self, other):
        if type(self) is not type(other):
            return NotImplemented
        return vars(self) == vars(other)

    def __setattr__(self, name, value):
        if not hasattr(type(self), name):
            nearest = self._nearest(name)
            raise AttributeError(f"{type(self).__name__} has no field {name}: did you mean {nearest}?")
        object.__setattr__(self, name, value)

    def _nearest(self, name):
        """Return the field whose name is most similar to `name`."""
        from difflib import SequenceMatcher  # imported here, because only a mistake needs it

        fields = [stored[1:] for stored in vars(self)]
        return max(fields, key=lambda field: SequenceMatcher(None, field, name).ratio())
