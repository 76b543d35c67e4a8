USUAL = given("descriptors-x4")  # the usual label, windowSize and spread


class StationConfig:
    label = descriptors.Text()
    windowSize = descriptors.Whole(1)
    spread = descriptors.Number(above=0)
    begins = dict(USUAL)

    def __init__(self, **fields):
        for name, value in {**self.begins, **fields}.items():
            setattr(self, name, value)

    def __setattr__(self, name, value):
        if name not in ("label", "windowSize", "spread"):
            raise AttributeError(f"{type(self).__name__} has no field {name}")
        super().__setattr__(name, value)

    @classmethod
    def usual(cls, **values):
        changed = {name: value for name, value in values.items() if cls.begins.get(name) != value}
        cls(**changed)
        cls.begins = {**cls.begins, **changed}
