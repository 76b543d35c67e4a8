@contextmanager
def open_together(openers):
    with ExitStack() as stack:
        connections = []
        for opener in openers:
            try:
                connections.append(stack.enter_context(closing(opener())))
            except OSError:
                print("one station is silent")
        yield connections
