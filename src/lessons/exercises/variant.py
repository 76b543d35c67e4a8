"""The variant of a course: different data, names and points of failure for each term, from one word."""

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

STATIONS = ("Ålesund", "Bilbao", "Cork", "Dresden", "Évora", "Gdańsk", "Graz", "Heraklion", "Lund", "Oulu",
            "Porto", "Rijeka", "Tartu", "Turin", "Utrecht", "Varna")  # fmt: skip
"""Places whose weather the exercises read."""


@dataclass(frozen=True)
class Variant:
    """One term's version of every exercise, fixed by its name alone.

    >>> Variant("kit").number("leaks-x1", 2, 9) == Variant("kit").number("leaks-x1", 2, 9)
    True
    """

    name: str = "kit"

    @property
    def course(self) -> "Variant":
        """The course's variant, if this is the variant of a single run, with the name `<course>:<seed>`.

        >>> Variant("kit:7f3a").course
        Variant(name='kit')
        """
        return Variant(self.name.partition(":")[0])

    def random(self, key: str) -> random.Random:
        """A random generator with the same values for the same variant and key, on every Python."""
        return random.Random(f"{self.name}:{key}")

    def number(self, key: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.random(key).random() * (high - low + 1))

    def choice(self, key: str, options: tuple[T, ...]) -> T:
        """One of the options."""
        return options[self.number(key, 0, len(options) - 1)]

    def stations(self, key: str, count: int) -> list[str]:
        """Names of `count` different stations."""
        return _shuffled(self, key)[:count]

    def readings(self, key: str, count: int) -> list[dict[str, object]]:
        """`count` records such as `{"station": "Lund", "day": 3, "celsius": 11.5}`, all different."""
        places = self.stations(key, 4)
        drawn = self.random(key)
        rows = [(places[int(drawn.random() * 4)], int(drawn.random() * 300) / 10) for _ in range(count)]
        return [
            {"station": place, "day": day, "celsius": celsius} for day, (place, celsius) in enumerate(rows, 1)
        ]


@lru_cache(maxsize=99)
def _shuffled(variant: Variant, key: str) -> list[str]:
    return sorted(STATIONS, key=lambda name: variant.random(f"{key}:{name}").random())


_chosen = [Variant()]


def choose(variant: Variant) -> None:
    """Make this variant the one that `chosen` returns."""
    _chosen[0] = variant


def chosen() -> Variant:
    """Return the variant that the running notebook chose with `course`; the kit's own by default."""
    return _chosen[0]
