def test_field(field):
    class Settings:
        spread = field()

    first, second = Settings(), Settings()
    first.spread = 7.3
    second.spread = 5
    assert first.spread == 7.3 and second.spread == 5

    refused = Settings()
    try:
        refused.spread = None
    except TypeError:
        pass
    else:
        raise AssertionError("None is not a number")
    watched = [weakref.ref(thing) for thing in (first, second, refused)]
    del first, second, refused
    gc.collect()
    assert sum(ref() is not None for ref in watched) == 0

    first, second = Settings(), Settings()
    first.spread = 1
    second.spread = 2
    watched = [weakref.ref(first), weakref.ref(second)]
    del first, second
    gc.collect()
    assert sum(ref() is not None for ref in watched) == 0
