USUAL = given("descriptors-x4")


class StationConfig:
    label = descriptors.Text()
    windowSize = descriptors.Whole(1)
    spread = descriptors.Number(above=0)

    def __init__(self, **fields):
        for name, value in {**USUAL, **fields}.items():
            setattr(self, name, value)

    def __setattr__(self, name, value):
        if not hasattr(type(self), name):
            raise AttributeError(f"there is no field {name}")
        object.__setattr__(self, name, value)

    @classmethod
    def usual(cls, **values):
        for name, value in values.items():
            if name not in USUAL:
                raise AttributeError(f"there is no field {name}")
            setattr(cls, name, value)  # the field refuses a wrong one
            USUAL[name] = value
