@contextmanager
def open_together(openers):
    with ExitStack() as stack:
        first, *others = openers
        connections = [stack.enter_context(first())]
        for opener in others:
            connections.append(stack.enter_context(opener()))
        yield connections
