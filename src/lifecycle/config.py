"""The settings of a pipeline, each checked at the line where it is assigned."""

from lifecycle.descriptors import Number, Text, Whole


class PipelineConfig:
    """Settings of one pipeline, by keyword; every field has a default.

    label          text that is not empty
    windowSize     records in a rolling mean, a whole number, 1 or more
    maxAttempts    attempts of a retried source in all, a whole number, 1 or more
    delaySeconds   seconds between two attempts, finite, 0 or more
    center         what the normalisation subtracts, finite
    spread         what it divides by, finite, more than 0: a value becomes `(value - center) / spread`

    A wrong type is a `TypeError`, a wrong value a `ValueError`, an unknown field an `AttributeError`; each
    says what was given and what is allowed, and leaves the old value.

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
        defaults = {"label": "pipeline", "windowSize": 7, "maxAttempts": 3, "delaySeconds": 1.0}
        for name, value in {**defaults, "center": 0.0, "spread": 1.0, **fields}.items():
            setattr(self, name, value)

    def __repr__(self):
        fields = ", ".join(f"{name[1:]}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({fields})"

    def __eq__(self, other):
        return vars(self) == vars(other) if type(self) is type(other) else NotImplemented

    def __setattr__(self, name, value):
        if not hasattr(type(self), name):
            from difflib import SequenceMatcher  # here, since only a mistake needs it

            nearest = max(vars(self), key=lambda field: SequenceMatcher(None, field[1:], name).ratio())[1:]
            raise AttributeError(f"{type(self).__name__} has no field {name}: did you mean {nearest}?")
        object.__setattr__(self, name, value)
