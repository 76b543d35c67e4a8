def test_field(field):
    class Settings:
        spread = field()

    first, second = Settings(), Settings()
    assert type(first) is type(second)
