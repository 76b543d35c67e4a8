class OneOf:
    def __init__(self, *options):
        self.options = options

    def __set_name__(self, owner, name):
        self.name, self.storage = name, "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return instance.__dict__.get(self.storage, self.options[0])

    def __set__(self, instance, value):
        instance.__dict__.pop(self.storage, None)
        if value not in self.options:
            raise ValueError(f"{type(instance).__name__}.{self.name} = {value!r}: one of {self.options}")
        instance.__dict__[self.storage] = value
