from typing import Literal


class OneOf:
    def __init__(self, *options):
        self.options = options

    def __set_name__(self, owner, name):
        self.name, self.storage = name, "_" + name
        owner.__annotations__ = {name: Literal[self.options]}

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return getattr(instance, self.storage)

    def __set__(self, instance, value: str):
        instance.__dict__[self.storage] = value
