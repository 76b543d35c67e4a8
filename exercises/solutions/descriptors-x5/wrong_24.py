def test_field(field):
    def use():
        class Settings:
            spread = field()

        first, second, refused = Settings(), Settings(), Settings()
        first.spread, second.spread = 7.3, 9.1
        assert first.spread == 7.3 and second.spread == 9.1, "they share a value"
        try:
            refused.spread = "7.3"
        except TypeError:
            pass
        return weakref.ref(first), weakref.ref(second), weakref.ref(refused)

    watched = use()
    gc.collect()
    assert all(one() is None for one in watched), "an object is kept alive"
