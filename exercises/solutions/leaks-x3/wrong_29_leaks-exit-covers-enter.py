class open_together:
    def __init__(self, openers):
        self.openers = openers
        self.opened = []

    def __enter__(self):
        for opener in self.openers:
            self.opened.append(opener())
        return self.opened

    def __exit__(self, kind, error, trace):
        # All that had been opened when an opener failed, or when the block was left.
        with ExitStack() as stack:
            for connection in self.opened:
                stack.callback(connection.close)
        return False
