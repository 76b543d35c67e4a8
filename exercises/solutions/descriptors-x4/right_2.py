USUAL = given("descriptors-x4")
UNSET = object()


class StationConfig:
    label = descriptors.Text()
    windowSize = descriptors.Whole(1)
    spread = descriptors.Number(above=0)

    def __init__(self, *, label=UNSET, windowSize=UNSET, spread=UNSET):
        self.label = StationConfig.now["label"] if label is UNSET else label
        self.windowSize = StationConfig.now["windowSize"] if windowSize is UNSET else windowSize
        self.spread = StationConfig.now["spread"] if spread is UNSET else spread

    def __setattr__(self, name, value):
        if name not in USUAL:
            raise AttributeError(f"there is no field {name}")
        super().__setattr__(name, value)

    @staticmethod
    def usual(**values):
        probe = StationConfig(**values)
        StationConfig.now = {name: getattr(probe, name) for name in StationConfig.now}


StationConfig.now = dict(USUAL)
