def test_field(field):
    class Settings:
        spread = field()

    settings = Settings()
    settings.spread = 7.3
    assert settings.spread == 7.3
    try:
        settings.spread = "7.3"
    except TypeError:
        return
    assert False
