class Spread:
    # TODO: all settings share one value, the last one assigned. Give each its own.
    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        return self.value

    def __set__(self, instance, value):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise TypeError(f"{self.name} = {value!r}: allowed is a number")
        self.value = value


class Settings:
    center = Spread()
    spread = Spread()
