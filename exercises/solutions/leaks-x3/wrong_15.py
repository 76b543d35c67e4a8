class open_together:
    def __init__(self, openers):
        self.openers = openers
        self.connections = []

    def __enter__(self):
        try:
            for opener in self.openers:
                self.connections.append(opener())
        except BaseException:
            self.close()
            raise
        return self.connections

    def __exit__(self, kind, error, trace):
        self.close()
        return False

    def close(self):
        failure = None
        for connection in reversed(self.connections):
            try:
                connection.close()
            except OSError as error:
                failure = error
        if failure is not None:
            raise failure
