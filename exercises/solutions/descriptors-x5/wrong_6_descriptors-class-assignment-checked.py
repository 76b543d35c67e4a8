def test_field(field):
    class Settings:
        spread = field()

    Settings.spread = 1.0  # the usual value
    first, second = Settings(), Settings()
    first.spread = 7.3
    assert first.spread == 7.3
    assert second.spread == 1.0
    watched = weakref.ref(first)
    del first
    gc.collect()
    assert watched() is None
