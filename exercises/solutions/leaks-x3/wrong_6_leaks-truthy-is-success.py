class open_together:
    def __init__(self, openers):
        self.openers = openers

    def __enter__(self):
        with ExitStack() as stack:
            connections = [stack.enter_context(closing(opener())) for opener in self.openers]
            self.stack = stack.pop_all()
        self.left = len(connections)
        return connections

    def __exit__(self, kind, error, trace):
        self.stack.close()
        self.left = 0
        return self.left == 0  # all of them are closed
