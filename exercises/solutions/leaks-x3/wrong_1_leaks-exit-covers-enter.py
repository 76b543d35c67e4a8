class open_together:
    def __init__(self, openers):
        self.openers = openers

    def __enter__(self):
        self.stack = ExitStack()
        self.connections = []
        for opener in self.openers:
            connection = opener()
            self.stack.callback(connection.close)
            self.connections.append(connection)
        return self.connections

    def __exit__(self, kind, error, trace):
        self.stack.close()
        return False
