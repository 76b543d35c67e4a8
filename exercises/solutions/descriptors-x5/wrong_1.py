def test_field(field):
    class Settings:
        spread = field()

    settings = Settings()
    settings.spread = 7.3
    assert settings.spread == 7.3
    settings.spread = 9.1
    assert settings.spread == 9.1
    try:
        settings.spread = "7.3"
    except TypeError:
        pass
    assert settings.spread == 9.1
    watched = weakref.ref(settings)
    del settings
    gc.collect()
    assert watched() is None
