USUAL = given("descriptors-x4")


class StationConfig:
    label = descriptors.Text()
    windowSize = descriptors.Whole(1)
    spread = descriptors.Number(above=0)

    def __init__(self, **fields):
        for name, value in {**USUAL, **fields}.items():
            self.__dict__["_" + name] = value

    def __setattr__(self, name, value):
        if not hasattr(type(self), name):
            raise AttributeError(f"there is no field {name}")
        object.__setattr__(self, name, value)

    @classmethod
    def usual(cls, label: str = "", windowSize: int = 0, spread: float = 0.0):
        USUAL.update(label=label or USUAL["label"], windowSize=windowSize or USUAL["windowSize"])
        USUAL.update(spread=spread or USUAL["spread"])
