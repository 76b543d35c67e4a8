class Spread:
    def __set_name__(self, owner, name):
        self.name, self.storage = name, "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return getattr(instance, self.storage)

    def __set__(self, instance, value):
        if self.storage in vars(instance) and vars(instance)[self.storage] == value:
            return  # nothing to do
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise TypeError(f"{self.name} = {value!r}: allowed is a number")
        vars(instance)[self.storage] = value


class Settings:
    center = Spread()
    spread = Spread()
