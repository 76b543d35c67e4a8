class Entry:
    def __init__(self, engine):
        self.engine = engine
    def __enter__(self):
        self.connection = self.engine.connect()
        return self.connection
    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.connection.commit()
            else:
                try:
                    self.connection.rollback()
                except OSError:
                    return True
        finally:
            self.connection.close()
