class OneOf:
    def __init__(self, *options: str):
        self.options = options

    def __set_name__(self, owner, name):
        self.name, self.storage = name, "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return getattr(instance, self.storage)

    def __set__(self, instance, value: str):
        # A value of another type does not come as far as this.
        if not any(value == option for option in map(str, self.options)) and isinstance(value, str):
            raise ValueError(
                f"{type(instance).__name__}.{self.name} = {value!r}: allowed is one of {self.options}"
            )
        instance.__dict__[self.storage] = value
