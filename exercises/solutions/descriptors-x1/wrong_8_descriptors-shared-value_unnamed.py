class Spread:
    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        if "_" + self.name not in instance.__dict__:
            instance.__dict__["_" + self.name] = self.value
        return instance.__dict__["_" + self.name]

    def __set__(self, instance, value):
        # Each object takes its own from here when it is first read; an old value is not taken again.
        self.value = value
        self.check(value)
        instance.__dict__.pop("_" + self.name, None)

    def check(self, value):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise TypeError(f"{self.name} = {value!r}: allowed is a number")


class Settings:
    center = Spread()
    spread = Spread()
