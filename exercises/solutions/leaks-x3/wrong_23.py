@contextmanager
def open_together(openers):
    with ExitStack() as stack:
        connections = []
        for opener in openers:
            connections.insert(0, stack.enter_context(opener()))
        yield connections
