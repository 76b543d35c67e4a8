def test_field(field):
    class Settings:
        spread = field()

    first, second = Settings(), Settings()
    first.spread, second.spread = 7.3, 9.1
    assert (first.spread, second.spread) == (7.3, 9.1)
    try:
        first.spread = "7.3"
    except TypeError:
        pass
    assert (first.spread, second.spread) == (7.3, 9.1)
