class OneOf:
    def __init__(self, *options):
        self.options = options
        self.values = {}

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return self.values[id(instance)]

    def __set__(self, instance, value):
        if value not in self.options:
            raise ValueError(
                f"{type(instance).__name__}.{self.name} = {value!r}: allowed is one of {self.options}"
            )
        self.values[id(instance)] = value
