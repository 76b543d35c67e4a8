def kept(field, use):
    class Settings:
        spread = field()
    thing, other = Settings(), Settings()
    use(thing), use(other)
    refs = [weakref.ref(thing), weakref.ref(other)]
    thing = other = None
    gc.collect()
    return any(ref() for ref in refs)
def test_field(field):
    class Settings:
        spread = field()
    many = [Settings() for _ in range(5)]
    for n, one in enumerate(many):
        one.spread = n + 0.25
    for n, one in enumerate(many):
        assert one.spread == n + 0.25
    def assign(thing):
        thing.spread = 3.5
    def refuse(thing):
        try:
            thing.spread = "three"
        except TypeError:
            pass
    def read(thing):
        thing.spread = 1.5
        thing.spread
    for use in (assign, refuse, read):
        assert not kept(field, use)
