class Spread:
    def __init__(self):
        self.values = weakref.WeakKeyDictionary()

    def __get__(self, instance, owner=None):
        return self.values[instance]

    def __set__(self, instance, value):
        if type(value) not in (int, float):
            raise TypeError(f"{value!r}: allowed is a number")
        self.values[instance] = value


class Settings:
    center = Spread()
    spread = Spread()
