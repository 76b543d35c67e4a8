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
        place = f"{type(self).__name__}.{self.name} = {value!r}"
        allowed = f"allowed is a whole number from {self.least} to {self.most}"
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{place}: {allowed}")
        if not self.least <= value <= self.most:
            raise ValueError(f"{place}: {allowed}")
        instance.__dict__[self.storage] = value
