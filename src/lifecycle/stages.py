"""What happens to records on their way: parse, filter, normalise, rolling mean.

A stage changes no record that it was given: it hands on a new one. What it remembers lives in its generator,
so that every run starts afresh. Its errors name the record, by number, and the column.
"""

import math
from collections import deque
from datetime import date, datetime
from operator import itemgetter


class Parse:
    """Turn the text of columns into values: `Parse(date=date, wind=float)`.

    Each keyword is a column; its value is `int`, `float`, `bool` (true or false), `date` (2012-01-31 or
    2012/01/31), `datetime`, or a function of one text. Other columns stay as they are. A cell that cannot be
    turned, and a column that is not there, is a `ValueError`.

    >>> readings = [{"wind": "4.7", "weather": "rain"}, {"wind": "strong", "weather": "rain"}]
    >>> stream = Parse(wind=float).process(iter(readings))
    >>> next(stream)
    {'wind': 4.7, 'weather': 'rain'}
    >>> next(stream)
    Traceback (most recent call last):
        ...
    ValueError: record 2, column 'wind': 'strong' is no float
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
    """Let through the records for which `keep` is true: a function of a record, or the name of a column.

    A column that is not there is a `ValueError`; what the function raises passes as it is.

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
    """Replace the number x in a column by `(x - center) / spread`.

    It trusts `center` and `spread`: they are for a `PipelineConfig` to check, where they are set. A cell
    that is no number, and a column that is not there, is a `ValueError`.

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

    The first records have fewer before them, and are the mean of what there is. Like `Normalise` it trusts
    `windowSize`, and raises `ValueError` for a cell that is no number and a column that is not there.

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
    return ValueError(f"record {number}, column {column!r}: {record[column]!r} is no {wanted}")


# `bool` takes every text but the empty one for true, and `date` has no text in the form of our data.
_readers = {
    bool: lambda text: {"true": True, "false": False}[str(text).lower()],
    date: lambda text: date.fromisoformat(str(text).replace("/", "-")),
    datetime: datetime.fromisoformat,
}
