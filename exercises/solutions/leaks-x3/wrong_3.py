@contextmanager
def open_together(openers):
    stack = ExitStack()
    connections = []
    try:
        for opener in openers:
            connections.append(stack.enter_context(closing(opener())))
    except BaseException:
        stack.close()
        raise
    yield connections
    stack.close()
