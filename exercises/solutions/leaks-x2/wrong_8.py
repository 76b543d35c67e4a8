class Entry:
    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.connection = self.engine.connect()
        return self.connection

    def __exit__(self, kind, error, trace):
        try:
            if not isinstance(error, Exception):
                self.connection.commit()
        finally:
            self.connection.close()
        return False
