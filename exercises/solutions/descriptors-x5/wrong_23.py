def test_field(field):
    class Settings:
        spread = field()

    first, second = Settings(), Settings()
    try:
        first.spread
    except AttributeError:
        pass
    else:
        raise AssertionError("it reads a value that nobody assigned")
    first.spread, second.spread = 7.3, 9.1
    assert first.spread == 7.3 and second.spread == 9.1
    try:
        second.spread = "7.3"
    except TypeError:
        pass
    watched = [weakref.ref(first), weakref.ref(second)]
    del first, second
    gc.collect()
    assert all(one() is None for one in watched), "an object is kept alive"
