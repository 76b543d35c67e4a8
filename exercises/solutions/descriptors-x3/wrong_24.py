class OneOf:
    def __init__(self, *options):
        self.options = options

    def __set_name__(self, owner, name):
        self.name = name
        self.storage = f"_{hash((owner.__qualname__, name)):x}"

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return instance.__dict__[self.storage]

    def __set__(self, instance, value):
        if value not in self.options:
            raise ValueError(f"{type(instance).__name__}.{self.name} = {value!r}: one of {self.options}")
        instance.__dict__[self.storage] = value
