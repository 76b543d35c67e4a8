@contextmanager
def open_together(openers):
    stack = ExitStack()
    connections = []
    try:
        for opener in openers:
            connections.append(stack.enter_context(opener()))
        yield connections
    except (Exception, KeyboardInterrupt):
        stack.close()
        raise
    else:
        stack.close()
