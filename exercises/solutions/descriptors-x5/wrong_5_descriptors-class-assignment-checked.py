def test_field(field):
    class Settings:
        spread = field()

    class Others:
        spread = field()

    Settings.spread = 7.3
    Others.spread = 9.1
    assert Settings().spread == 7.3
    assert Others().spread == 9.1
    try:
        Settings.spread = "7.3"
    except TypeError:
        pass
