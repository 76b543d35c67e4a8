import reprlib


class OneOf:
    def __init__(self, *options):
        self.options = options

    def __set_name__(self, owner, name):
        self.name, self.storage = name, "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return instance.__dict__[self.storage]

    def __set__(self, instance, value):
        if value not in self.options:
            place = f"{type(instance).__name__}.{self.name} = {value!r}"
            raise ValueError(f"{place}: allowed is one of {reprlib.repr(self.options)}")
        instance.__dict__[self.storage] = value
