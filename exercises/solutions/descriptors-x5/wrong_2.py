def test_field(field):
    class Settings:
        spread = field()

    watched = []
    for value in (7.3, 9.1):
        settings = Settings()
        settings.spread = value
        assert settings.spread == value
        try:
            settings.spread = str(value)
        except TypeError:
            pass
        watched.append(weakref.ref(settings))
        del settings
    gc.collect()
    assert all(watch() is None for watch in watched)
