class open_together:
    def __init__(self, openers):
        self.openers = openers

    def __enter__(self):
        self.stack = ExitStack()
        try:
            return [self.stack.enter_context(closing(opener())) for opener in self.openers]
        except Exception:
            self.stack.close()
            raise

    def __exit__(self, *reason):
        return self.stack.__exit__(*reason)
