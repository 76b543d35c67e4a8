class Entry:
    connection = None

    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        Entry.connection = self.engine.connect()
        return Entry.connection

    def __exit__(self, kind, error, trace):
        with Entry.connection as connection:
            if kind is None:
                connection.commit()
