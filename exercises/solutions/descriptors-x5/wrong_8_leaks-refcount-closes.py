def test_field(field):
    class Settings:
        spread = field()

    first, second = Settings(), Settings()
    first.spread, second.spread = 7.3, 9.1
    assert (first.spread, second.spread) == (7.3, 9.1)
    try:
        second.spread = "7.3"
    except TypeError:
        pass
    watched = [weakref.ref(first), weakref.ref(second)]
    del first, second
    assert [watch() for watch in watched] == [None, None]
