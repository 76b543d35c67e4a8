stack = ExitStack()


@contextmanager
def open_together(openers):
    with stack:
        yield [stack.enter_context(opener()) for opener in openers]
