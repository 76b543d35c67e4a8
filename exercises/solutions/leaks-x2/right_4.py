class Entry:
    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.block = self.engine.begin()
        return self.block.__enter__()

    def __exit__(self, kind, error, trace):
        return self.block.__exit__(kind, error, trace)
