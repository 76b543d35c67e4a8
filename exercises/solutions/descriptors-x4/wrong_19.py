USUAL = given("descriptors-x4")  # the usual label, windowSize and spread

FIELDS = ("label", "windowSize", "spread")
_usual_now = dict(USUAL)


class StationConfig:
    label = descriptors.Text()
    windowSize = descriptors.Whole(1)
    spread = descriptors.Number(above=0)

    def __init__(self, begins=_usual_now, **fields):
        for name, value in {**begins, **fields}.items():
            setattr(self, name, value)

    def __setattr__(self, name, value):
        if name not in FIELDS:
            raise AttributeError(f"there is no field {name}")
        object.__setattr__(self, name, value)

    @classmethod
    def usual(cls, **values):
        cls(**values)
        _usual_now.update(values)
