class OneOf:
    def __init__(self, *options):
        self.options = options

    def __set_name__(self, owner, name):
        self.name, self.storage = name, "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return instance.__dict__.get(self.storage)

    def __set__(self, instance, value):
        if value not in self.options:
            place = type(instance).__name__ + "." + self.name
            allowed = ", ".join(self.options)
            raise ValueError(place + " = %r: allowed is one of " % value + allowed)
        instance.__dict__[self.storage] = value
