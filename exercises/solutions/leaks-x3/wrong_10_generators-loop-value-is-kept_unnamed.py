@contextmanager
def open_together(openers):
    with ExitStack() as stack:
        connections = []
        for o in openers:
            c = o()
            stack.callback(lambda: c.close())
            connections.append(c)
        yield connections
