class OneOf:
    def __init__(self, *options):
        self.options = options

    def __setname__(self, owner, name):
        self.name, self.storage = name, "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return getattr(instance, self.storage)

    def __set__(self, instance, value):
        if value not in self.options:
            raise ValueError(
                f"{type(instance).__name__}.{self.name} = {value!r}: allowed is one of {self.options}"
            )
        instance.__dict__[self.storage] = value
