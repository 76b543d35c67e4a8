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
        # TODO: take whole numbers from least to most alone; refuse all else, and say why.
        instance.__dict__[self.storage] = value
