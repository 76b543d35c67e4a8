class open_together:
    def __init__(self, openers):
        self.openers = openers
    def __enter__(self):
        with ExitStack() as stack:
            return [stack.enter_context(closing(o())) for o in self.openers]
    def __exit__(self, *info):
        pass
