class open_together(ExitStack):
    def __init__(self, openers):
        super().__init__()
        self.openers = openers

    def __enter__(self):
        with ExitStack() as stack:
            connections = [stack.enter_context(opener()) for opener in self.openers]
            self.push(stack.pop_all())
        return connections
