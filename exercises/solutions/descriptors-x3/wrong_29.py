class OneOf:
    def __init__(self, *options):
        self.options = options

    def __set_name__(self, owner, name):
        self.name = name
        self.storage = "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        # an object without a choice has the first option
        return instance.__dict__.get(self.storage) or self.options[0]

    def __set__(self, instance, value):
        if value not in self.options:
            allowed = ", ".join(repr(option) for option in self.options)
            raise ValueError(f"{type(instance).__name__}.{self.name} = {value!r}: allowed is {allowed}")
        instance.__dict__[self.storage] = value
