def test_field(field):
    class Settings:
        spread = field()

    first, second = Settings(), Settings()
    first.spread, second.spread = 7.3, 9.1
    assert (first.spread, second.spread) == (7.3, 9.1)
    refusal = None
    try:
        second.spread = "7.3"
    except TypeError as error:
        refusal = error  # looked at below; the call that raised it is over
    watched = [weakref.ref(first), weakref.ref(second)]
    del first, second
    gc.collect()
    assert isinstance(refusal, TypeError)
    assert [watch() for watch in watched] == [None, None]
