USUAL = given("descriptors-x4")


class StationConfig:
    label = descriptors.Text()
    windowSize = descriptors.Whole(1)
    spread = descriptors.Number(above=0)

    def __init__(self, **fields):
        for name, value in {**USUAL, **fields}.items():
            if name not in USUAL:
                raise AttributeError(f"there is no field {name}")
            setattr(self, name, value)

    def __setattr__(self, name, value):
        if name not in USUAL:
            raise AttributeError(f"there is no field {name}")
        object.__setattr__(self, name, value)

    @classmethod
    def usual(cls, label=None, windowSize=None, spread=None):
        if label is not None:
            cls.label = USUAL["label"] = label
        if windowSize is not None:
            cls.windowSize = USUAL["windowSize"] = windowSize
        if spread is not None:
            cls.spread = USUAL["spread"] = spread
