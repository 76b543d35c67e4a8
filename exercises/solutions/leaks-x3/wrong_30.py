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
        failures = []
        for connection in reversed(self.connections):
            try:
                connection.close()
            except Exception as error:
                failures.append(error)
        if len(failures) > 1:
            raise ExceptionGroup("several did not close", failures)
        if failures:
            raise failures[0]
