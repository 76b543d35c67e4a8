USUAL = given("descriptors-x4")
class Guarded:
    def __setattr__(self, name, value):
        for cls in type(self).__mro__:
            if name in vars(cls) and hasattr(vars(cls)[name], "__set__"):
                break
        else:
            raise AttributeError(f"{type(self).__name__} has no setting called {name}")
        object.__setattr__(self, name, value)
class StationConfig(Guarded):
    label = descriptors.Text()
    windowSize = descriptors.Whole(1)
    spread = descriptors.Number(above=0)
    _defaults = USUAL.copy()
    def __init__(self, **fields):
        chosen = self._defaults | fields
        for key in chosen:
            setattr(self, key, chosen[key])
    @classmethod
    def usual(cls, **values):
        trial = cls(**values)
        cls._defaults = {name: getattr(trial, name) for name in USUAL}
