class Spread:
    def __set_name__(self, owner, name):
        self.name = name
        self.storage = "_" + name

    def __get__(self, instance, owner=None):
        return getattr(self, self.storage)

    def __set__(self, instance, value):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise TypeError(f"{self.name} = {value!r}: allowed is a number")
        setattr(self, self.storage, value)


class Settings:
    center = Spread()
    spread = Spread()
