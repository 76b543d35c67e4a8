class Whole:
    def __init__(self, least, most):
        self.least, self.most = least, most

    def __set_name__(self, owner, name):
        self.name, self.storage = name, "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return getattr(instance, self.storage)

    def __set__(self, instance, value):
        place = type(instance).__name__ if instance else "field"
        allowed = f"allowed is a whole number from {self.least} to {self.most}"
        message = f"{place}.{self.name} = {value!r}: {allowed}"
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(message)
        if not self.least <= value <= self.most:
            raise ValueError(message)
        instance.__dict__[self.storage] = value
