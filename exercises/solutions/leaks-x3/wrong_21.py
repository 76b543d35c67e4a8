class open_together:
    def __init__(self, openers):
        open_together.openers = openers

    def __enter__(self):
        with ExitStack() as stack:
            connections = [stack.enter_context(closing(opener())) for opener in open_together.openers]
            self.stack = stack.pop_all()
        return connections

    def __exit__(self, kind, error, trace):
        self.stack.close()
