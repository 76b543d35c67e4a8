def test_field(field):
    class Settings:
        spread = field()

    first, second, third = Settings(), Settings(), Settings()
    first.spread, second.spread, third.spread = 7.3, 9.1, 4.4
    if (first.spread, second.spread, third.spread) != (7.3, 9.1, 4.4):
        raise ValueError("the values are shared")
    try:
        third.spread = "7.3"
    except TypeError:
        pass
    watched = [weakref.ref(thing) for thing in (first, second, third)]
    del first, second, third
    gc.collect()
    if any(watch() for watch in watched):
        raise ValueError("an object is kept")
