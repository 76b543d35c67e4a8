usual_now = given("descriptors-x4")


class Guarded:
    def __setattr__(self, name, value):
        if not hasattr(getattr(type(self), name, None), "__set__"):
            raise AttributeError(f"{type(self).__name__} has no field {name}")
        object.__setattr__(self, name, value)


class StationConfig(Guarded):
    label = descriptors.Text()
    windowSize = descriptors.Whole(1)
    spread = descriptors.Number(above=0)

    def __init__(self, **fields):
        for name in fields:
            if name not in usual_now:
                raise AttributeError(f"there is no field {name}")
        for name, value in usual_now.items():
            setattr(self, name, fields.get(name, value))

    @classmethod
    def usual(cls, **values):
        tried = cls(**values)
        for name in values:
            usual_now[name] = getattr(tried, name)
