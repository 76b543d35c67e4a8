@contextmanager
def open_together(openers):
    connections = [opener() for opener in openers]
    with ExitStack() as stack:
        for connection in connections:
            stack.callback(connection.close)
        yield connections
