USUAL = given("descriptors-x4")


class StationConfig:
    def __init__(self, **fields):
        checks = {
            "label": descriptors.Text(),
            "windowSize": descriptors.Whole(1),
            "spread": descriptors.Number(above=0),
        }
        for name, field in checks.items():
            field.__set_name__(type(self), name)
            self.__dict__[name] = field
        for name, value in fields.items():
            setattr(self, name, value)

    @classmethod
    def usual(cls, **values):
        USUAL.update(values)
