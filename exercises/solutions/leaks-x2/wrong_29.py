class Entry:
    """One entry into the weather database: all its rows are kept, or none."""

    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.connection = self.engine.connect()
        return self.connection

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.connection.commit()
        finally:
            self.connection.close()
            return False
