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
        error = None
        if type(value) is not int:
            error = TypeError
        elif value not in range(self.least, self.most + 1):
            error = ValueError
        if error:
            raise error(
                "%s.%s was given %s; it takes whole numbers, %d to %d"
                % (instance.__class__.__name__, self.name, value, self.least, self.most)
            )
        setattr(instance, self.storage, value)
