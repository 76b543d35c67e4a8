"""The fields that a student's test is given: what each of them does, right or wrong."""

from typing import Any


class Plain:
    """one that keeps the value in the object"""

    storage = "_{}"
    """Where in the object; "" for a place beside it."""
    assigned = read = refused = ""
    """What to keep when a value is assigned, read or refused."""
    usual: int | None = None  # the place of the value to read before the first assignment

    def put(self, place: int, kind: int) -> str:
        """What to keep when a value is assigned: it gets this place, and the object is of this kind."""
        return self.assigned

    def take(self, place: int | None, kind: int) -> tuple[int | None, str]:
        """Which value to read, where the object's own is at this place; and what to keep."""
        return self.usual if place is None else place, self.read


def like(does: str, kind: type[Plain] = Plain, **otherwise: Any) -> type[Plain]:
    """A program that does what one of this kind does, but for this."""
    return type("Like", (kind,), {"__doc__": does, **otherwise})


SameName = like("one that keeps the value in the object's dict, under the field's own name", storage="{}")
Cycle = like("one whose objects and values refer to each other, in a cycle", assigned="cycle")
Weak = like("one that keeps values by the object's number, and forgets them when the object goes", storage="")
Usual = like("one that reads a usual value before the first assignment", usual=0)
Bare = like("one that refuses without a text, and cannot be read on the class", refused="bare")


class Last(Plain):
    """one that keeps one value, the last, for all objects"""

    stays = by_class = False
    """Whether the first value stays; and whether each class has a value of its own."""

    def __init__(self) -> None:
        self.kept: dict[int, int] = {}

    def put(self, place: int, kind: int) -> str:
        key = kind if self.by_class else 0
        self.kept[key] = self.kept.get(key, place) if self.stays else place
        return ""

    def take(self, place: int | None, kind: int) -> tuple[int | None, str]:
        return self.kept.get(kind if self.by_class else 0), ""


First = like("one that keeps one value, the first, for all objects", Last, stays=True)
OnClass = like("one that keeps the value on the class of the object", Last, by_class=True)


class Remembered(Plain):
    """one that remembers what was read first, and answers every object with it"""

    kept: int | None = None

    def take(self, place: int | None, kind: int) -> tuple[int | None, str]:
        self.kept = place if self.kept is None else self.kept
        return self.kept, ""


Earliest = like("one that keeps the one object to which it was assigned first", assigned="first")
Keyed = like("one that keeps each object, with its value, in a dict", assigned="all")
Latest = like("one that keeps the one object to which it was assigned last", assigned="one")
Reader = like("one that keeps the object of which it was read last", read="one")
FirstReader = like("one that keeps the object of which it was read first", read="first")

Error = like("one that keeps the error with which it refused a text, and so the object", refused="error")
Refused = like("one that keeps a list of the texts that it refused, with their objects", refused="all")
FirstRefused = like("one that keeps the first object for which it refused a text", refused="first")
Waiting = like("one that keeps the last object for which it refused a text, until the next assignment",
               assigned="none", refused="one")  # fmt: skip

GROUPS: dict[str, tuple[type[Plain], ...]] = {
    "right": (Plain, SameName, Cycle, Weak, Usual, Bare),
    "sharing": (Last, First, OnClass, Remembered),
    "keeping": (Keyed, Latest, Earliest, Reader, FirstReader),
    "refused": (Error, Refused, Waiting, FirstRefused),
}


class Notes:
    """Decides what the fields of one program do, and notes what a test did with them."""

    def __init__(self, program: type[Plain]) -> None:
        self.program = program
        self.fields: list[Plain] = []
        self.named = self.objects = self.refused = 0

    def decide(self, event: str, field: int = 0, *given: Any) -> Any:
        """Answer a field's question: see `descriptors_host.field_class`."""
        match event, given:
            case "made", ():
                self.fields.append(self.program())
                return len(self.fields) - 1
            case "named", ():
                self.named += 1
                return self.fields[field].storage
            case "class", ():
                return self.fields[field].refused == "bare"
            case "get", (place, kind):
                return self.fields[field].take(place, kind)
            case "refuse", _:
                self.refused += 1
                return self.fields[field].refused
            case "set", (before, kind, place):
                self.objects += before is None
                return self.fields[field].put(place, kind)
        raise ValueError(event)
