USUAL = given("descriptors-x4")


class StationConfig:
    label = descriptors.Text()
    windowSize = descriptors.Whole(1)
    spread = descriptors.Number(above=0)
    begins = dict(USUAL)

    def __init__(self, **fields):
        for name, value in {**self.begins, **fields}.items():
            setattr(self, name, value)

    def __setattr__(self, name, value):
        if not hasattr(type(self), name):
            raise AttributeError(f"there is no field {name}")
        object.__setattr__(self, name, value)

    @classmethod
    def usual(cls, **values):
        cls(**values)  # an object is what the fields check
        cls.begins = {**cls.begins, **values}
