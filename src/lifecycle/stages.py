"""What happens to records on their way: parse, filter, normalise, rolling mean.

A stage does not change the record that it was given: it yields a new one. It keeps its memory in its
generator, so that every run starts from scratch. Its errors name the column and the number of the record.
"""

import math
from collections import deque
from datetime import date, datetime
from operator import itemgetter


class Parse:
    """Turn the text of columns into values: `Parse(date=date, wind=float)`.

    Each keyword is a column; its value is `int`, `float`, `bool` (true or false), `date` (2012-01-31 or
    2012/01/31), `datetime`, or a function that takes one text. Other columns stay as they are. A cell that
    cannot be turned into its type raises a `ValueError`, and so does a missing column.

    >>> readings = [{"wind": "4.7", "weather": "rain"}, {"wind": "strong", "weather": "rain"}]
    >>> stream = Parse(wind=float).process(iter(readings))
    >>> next(stream)
    {'wind': 4.7, 'weather': 'rain'}
    >>> next(stream)
    Traceback (most recent call last):
        ...
    ValueError: record 2, column 'wind': 'strong' is not a valid float
    """

    def __init__(self, **types):
        self.types = types

    def process(self, stream):
        """Yield each record with its columns turned into values."""
        readers = [(column, _readers.get(kind, kind)) for column, kind in self.types.items()]
        for number, record in enumerate(stream, 1):
            parsed = dict(record)
            for column, read in readers:
                try:
                    parsed[column] = read(record[column])
                except (KeyError, TypeError, ValueError) as error:
                    raise _wrong(number, record, column, self.types[column]) from error
            yield parsed


class Filter:
    """Let the records through for which `keep` is true: a function of a record, or the name of a column.

    A missing column raises a `ValueError`; an error of the function is passed on as it is.

    >>> readings = [{"day": 1, "rain": 0.0}, {"day": 2, "rain": 10.9}]
    >>> list(Filter("rain").process(iter(readings)))
    [{'day': 2, 'rain': 10.9}]
    >>> list(Filter(lambda reading: reading["rain"] < 1).process(iter(readings)))
    [{'day': 1, 'rain': 0.0}]
    """

    def __init__(self, keep):
        self.column = keep if isinstance(keep, str) else None
        self.keep = itemgetter(keep) if self.column else keep

    def process(self, stream):
        """Yield the records that are kept."""
        for number, record in enumerate(stream, 1):
            try:
                kept = self.keep(record)
            except KeyError:
                if self.column is not None:
                    raise _wrong(number, record, self.column, "column") from None
                raise
            if kept:
                yield record


class Normalise:
    """Replace the number x in a column with `(x - center) / spread`.

    It does not check `center` and `spread`: a `PipelineConfig` checks them where they are set. A cell that is
    not a number raises a `ValueError`, and so does a missing column.

    >>> list(Normalise("wind", center=3, spread=2).process(iter([{"wind": 4.0}])))
    [{'wind': 0.5}]
    """

    def __init__(self, column, center, spread):
        self.column = column
        self.center = center
        self.spread = spread

    def process(self, stream):
        """Yield each record with its column normalised."""
        for number, record in enumerate(stream, 1):
            try:
                value = (record[self.column] - self.center) / self.spread
            except (KeyError, TypeError):
                _number(number, record, self.column)
                raise
            yield {**record, self.column: value}


class RollingMean:
    """Replace the number in a column by the mean of it and those before it, `windowSize` in all.

    The first records have fewer before them, so their mean is of fewer numbers. Like `Normalise` it does not
    check `windowSize`, and raises a `ValueError` for a cell that is not a number and for a missing column.

    >>> stream = RollingMean("wind", windowSize=2).process(iter([{"wind": 1}, {"wind": 2}, {"wind": 4}]))
    >>> [record["wind"] for record in stream]
    [1.0, 1.5, 3.0]
    """

    def __init__(self, column, windowSize):
        self.column = column
        self.windowSize = windowSize

    def process(self, stream):
        """Yield each record with its column smoothed."""
        window: deque[float] = deque(maxlen=self.windowSize)
        for number, record in enumerate(stream, 1):
            window.append(_number(number, record, self.column))
            yield {**record, self.column: math.fsum(window) / len(window)}


def _number(number, record, column):
    value = record.get(column)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(number, record, column, "number")
    return value


def _wrong(number, record, column, wanted):
    if column not in record:
        return ValueError(f"record {number} has no column {column!r}; it has {', '.join(record)}")
    wanted = getattr(wanted, "__name__", wanted)
    return ValueError(f"record {number}, column {column!r}: {record[column]!r} is not a valid {wanted}")


# `bool` is true for every text except the empty one, and `date` does not read the form of our data.
_readers = {
    bool: lambda text: {"true": True, "false": False}[str(text).lower()],
    date: lambda text: date.fromisoformat(str(text).replace("/", "-")),
    datetime: datetime.fromisoformat,
}
