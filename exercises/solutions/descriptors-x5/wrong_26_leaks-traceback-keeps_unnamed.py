def test_field(field):
    class Settings:
        spread = field()

    def refusals(*objects):
        """The errors alone: the calls that raised them have ended, so they hold no object."""
        errors = []
        for one in objects:
            try:
                one.spread = "7.3"
            except TypeError as error:
                errors.append(error)
        return errors

    first, second = Settings(), Settings()
    first.spread, second.spread = 7.3, 9.1
    assert (first.spread, second.spread) == (7.3, 9.1)
    errors = refusals(first, second)
    watched = [weakref.ref(first), weakref.ref(second)]
    del first, second
    gc.collect()
    assert len(errors) == 2
    assert [watch() for watch in watched] == [None, None]
