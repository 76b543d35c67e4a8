class Entry:
    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        with self.engine.connect() as self.connection:
            return self.connection

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.connection.commit()
        self.connection.close()
