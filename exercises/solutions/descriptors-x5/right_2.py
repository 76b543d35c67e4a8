from contextlib import suppress


def test_field(field):
    Settings = type("Settings", (), {"spread": field()})

    def use(values):
        things = [Settings() for value in values]
        for thing, value in zip(things, values):
            thing.spread = value
        read = [thing.spread for thing in things]
        return read, weakref.WeakSet(things)

    def use_wrongly():
        thing = Settings()
        with suppress(TypeError):
            thing.spread = "seven"
        return weakref.ref(thing)

    values = [float(number) for number in range(20)]
    read, alive = use(values)
    refused = use_wrongly()
    gc.collect()
    assert read == values, "each object has its own value"
    assert len(alive) == 0, "objects that were assigned to and read are gone"
    assert refused() is None, "an object that was refused a value is gone"
