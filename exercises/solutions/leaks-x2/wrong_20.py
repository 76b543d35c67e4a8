_borrowed = []


class Entry:
    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        _borrowed.append(self.engine.connect())
        return _borrowed[-1]

    def __exit__(self, kind, error, trace):
        connection = _borrowed.pop()
        try:
            if kind is None:
                connection.commit()
        finally:
            connection.close()
        return False
