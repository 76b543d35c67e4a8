class Spread:
    values = {}

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        return self.values[self.name]

    def __set__(self, instance, value):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise TypeError(f"{self.name} = {value!r}: allowed is a number")
        self.values[self.name] = value


class Settings:
    center = Spread()
    spread = Spread()
