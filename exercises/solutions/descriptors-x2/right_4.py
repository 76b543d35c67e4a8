import operator


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
        said = f"{self.name} of {type(instance).__name__}: {value!r} is not from {self.least} to {self.most}"
        if value is True or value is False:
            raise TypeError(said)
        try:
            operator.index(value)
        except TypeError:
            raise TypeError(said) from None
        if value < self.least or value > self.most:
            raise ValueError(said)
        instance.__dict__[self.storage] = value
