def test_field(field):
    class Settings:
        spread = field()

    first, second = Settings(), Settings()
    first.spread, second.spread = 7.3, 9.1
    assert (first.spread, second.spread) == (7.3, 9.1)
    watched = [weakref.ref(first), weakref.ref(second)]
    del first, second
    gc.collect()
    assert [watch() for watch in watched] == [None, None]
