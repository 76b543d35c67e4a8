class Entry:
    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.connection = self.engine.connect()
        return self.connection

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                try:
                    self.connection.commit()
                except Exception:
                    self.connection.rollback()
        finally:
            self.connection.close()
        return False
