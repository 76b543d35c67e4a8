@contextmanager
def open_together(openers):
    connections, opened = [], {}
    try:
        for opener in openers:
            opened[opener] = opener()
            connections.append(opened[opener])
        yield connections
    finally:
        with ExitStack() as stack:
            for connection in opened.values():
                stack.callback(connection.close)
