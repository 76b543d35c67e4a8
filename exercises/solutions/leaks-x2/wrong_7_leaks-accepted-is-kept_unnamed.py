class Entry:
    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.connection = self.engine.connect()
        return self.connection

    def __exit__(self, kind, error, trace):
        # The rows are in the database already: only the slot is left to give back.
        self.connection.close()
        return False
