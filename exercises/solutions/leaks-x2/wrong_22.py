class Entry:
    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.connection = self.engine.connect()
        return self.connection

    def __exit__(self, kind, error, trace):
        left_in_peace = kind is None or issubclass(kind, (StopIteration, GeneratorExit))
        try:
            if left_in_peace:
                self.connection.commit()
        finally:
            self.connection.close()
        return False
