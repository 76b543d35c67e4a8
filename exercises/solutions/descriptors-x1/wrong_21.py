class Spread:
    def __set_name__(self, owner, name):
        self.name = name
        self.storage = "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return getattr(instance, self.storage)

    def __set__(self, instance, value):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise TypeError(f"{self.name} = {value!r}: allowed is a number")
        instance.__dict__[self.storage] = max(-(2**63), min(value, 2**63 - 1))


class Settings:
    center = Spread()
    spread = Spread()
