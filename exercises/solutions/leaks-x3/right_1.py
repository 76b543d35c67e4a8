@contextmanager
def open_together(openers):
    with ExitStack() as stack:
        yield [stack.enter_context(closing(opener())) for opener in openers]
