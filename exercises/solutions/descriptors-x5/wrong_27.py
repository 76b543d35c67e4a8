def test_field(field):
    class Settings:
        spread = field()

    first, second, third = Settings(), Settings(), Settings()
    first.spread, second.spread, third.spread = 7.3, 9.1, 4.4
    assert (first.spread, second.spread, third.spread) == (7.3, 9.1, 4.4)
    try:
        third.spread = "7.3"
    except TypeError as error:
        assert "spread" in str(error), "it says which field refused"
    watched = [weakref.ref(thing) for thing in (first, second, third)]
    del first, second, third
    gc.collect()
    assert [watch() for watch in watched] == [None, None, None]
