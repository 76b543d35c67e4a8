USUAL = given("descriptors-x4")


class StationConfig:
    label: str
    windowSize: int
    spread: float

    def __init__(self, **fields):
        for name, value in {**USUAL, **fields}.items():
            setattr(self, name, value)

    @classmethod
    def usual(cls, **values):
        USUAL.update(values)
