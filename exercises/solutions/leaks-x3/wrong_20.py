@contextmanager
def open_together(openers):
    with ExitStack() as stack:
        for opener in openers:
            stack.enter_context(opener())
        yield stack
