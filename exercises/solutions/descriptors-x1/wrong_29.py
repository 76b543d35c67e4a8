class Spread:
    def __set_name__(self, owner, name):
        self.name, self.storage = name, "_" + name

    def __get__(self, instance, owner=None):
        return instance.__dict__[self.storage]

    def __set__(self, instance, value):
        self.last = instance
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise TypeError(f"{type(self.last).__name__}.{self.name} = {value!r}: allowed is a number")
        instance.__dict__[self.storage] = value


class Settings:
    center = Spread()
    spread = Spread()
