USUAL = given("descriptors-x4")  # the usual label, windowSize and spread


import sys


class StationConfig:
    label = descriptors.Text()
    windowSize = descriptors.Whole(1)
    spread = descriptors.Number(least=sys.float_info.epsilon)  # more than 0

    begins = dict(USUAL)

    def __init__(self, **fields):
        for name, value in {**self.begins, **fields}.items():
            setattr(self, name, value)

    def __setattr__(self, name, value):
        if name not in USUAL:
            raise AttributeError(f"{type(self).__name__} has no field {name!r}")
        super().__setattr__(name, value)

    @classmethod
    def usual(cls, **values):
        cls(**values)
        cls.begins = {**cls.begins, **values}
