def test_field(field):
    class Settings:
        spread = field()

    refused, first, second = Settings(), Settings(), Settings()
    try:
        refused.spread = "7.3"
    except TypeError:
        pass
    first.spread, second.spread = 7.3, 9.1
    assert first.spread == 7.3 and second.spread == 9.1
    watched = [weakref.ref(refused), weakref.ref(first), weakref.ref(second)]
    del refused, first, second
    gc.collect()
    assert all(one() is None for one in watched), "an object is kept alive"
