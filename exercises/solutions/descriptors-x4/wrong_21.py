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
        if name not in USUAL:
            nearest = difflib.get_close_matches(name, USUAL, 1, 0)
            raise AttributeError(f"there is no field {name}: did you mean {nearest[0]}?")
        object.__setattr__(self, name, value)

    @classmethod
    def usual(cls, **values):
        try:
            cls(**values)  # an object is what the fields check
        except Exception as error:
            raise RuntimeError("refused, so nothing has changed") from error
        cls.begins = {**cls.begins, **values}
