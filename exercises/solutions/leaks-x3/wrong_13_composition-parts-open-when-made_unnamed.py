class open_together:
    def __init__(self, openers):
        # From here on the connections are ours.
        with ExitStack() as stack:
            self.connections = [stack.enter_context(closing(opener())) for opener in openers]
            self.stack = stack.pop_all()

    def __enter__(self):
        return self.connections

    def __exit__(self, kind, error, trace):
        self.stack.close()
