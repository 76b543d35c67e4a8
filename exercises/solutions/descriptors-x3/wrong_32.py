class OneOf:
    def __init__(self, *options):
        self.options = options
        self.allowed = ": allowed is one of " + ", ".join(options)

    def __set_name__(self, owner, name):
        self.name, self.storage = name, "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return instance.__dict__.get(self.storage)

    def __set__(self, instance, value):
        if value not in self.options:
            raise ValueError(("%s.%s = %r" + self.allowed) % (type(instance).__name__, self.name, value))
        instance.__dict__[self.storage] = value
