class Spread:
    def __set_name__(self, owner, name):
        self.name = name
        self.last = None
        self.storage = "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return getattr(instance, self.storage, self.last)

    def __set__(self, instance, value):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise TypeError(f"{self.name} = {value!r}: allowed is a number")
        self.last = instance.__dict__[self.storage] = value


class Settings:
    center = Spread()
    spread = Spread()
