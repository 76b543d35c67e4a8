def test_field(field):
    class Settings:
        pass

    first, second = Settings(), Settings()
    first.spread = field()
    second.spread = field()
    first.spread = 7.3
    second.spread = 9.1
    assert first.spread == 7.3
    assert second.spread == 9.1
