class OneOf:
    def __init__(self, *options):
        self.options = options if len(options) > 1 else options[0]

    def __set_name__(self, owner, name):
        self.name, self.storage = name, "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return getattr(instance, self.storage)

    def __set__(self, instance, value):
        if not isinstance(value, str) or value not in self.options:
            place = f"{type(instance).__name__}.{self.name} = {value!r}"
            raise ValueError(f"{place}: allowed is one of {self.options}")
        instance.__dict__[self.storage] = value
