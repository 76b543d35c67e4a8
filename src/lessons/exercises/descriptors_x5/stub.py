def test_field(field):
    class Settings:
        spread = field()

    settings = Settings()
    settings.spread = 7.3
    assert settings.spread == 7.3
    # TODO: assert what fails for a field that shares values, or that keeps objects alive.
