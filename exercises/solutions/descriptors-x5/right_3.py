def test_field(field):
    class Settings:
        spread = field()

        def __repr__(self):
            return "settings"

    def alive():
        gc.collect()
        return [thing for thing in gc.get_objects() if type(thing) is Settings]

    a, b = Settings(), Settings()
    a.spread = 1
    b.spread = 2
    if a.spread != 1 or b.spread != 2:
        raise AssertionError("shared")
    for thing in (a, b):
        try:
            thing.spread = "3"
        except TypeError:
            continue
        raise AssertionError("a text was taken")
    a = b = thing = None
    assert not alive()
