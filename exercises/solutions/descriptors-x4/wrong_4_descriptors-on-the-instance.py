USUAL = given("descriptors-x4")


class StationConfig:
    begins = dict(USUAL)

    def __init__(self, **fields):
        self.label = descriptors.Text()
        self.windowSize = descriptors.Whole(1)
        self.spread = descriptors.Number(above=0)
        for name, value in {**self.begins, **fields}.items():
            setattr(self, name, value)

    def __setattr__(self, name, value):
        if name not in USUAL:
            raise AttributeError(f"there is no field {name}")
        object.__setattr__(self, name, value)

    @classmethod
    def usual(cls, **values):
        cls(**values)
        cls.begins = {**cls.begins, **values}
