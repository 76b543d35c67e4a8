@contextmanager
def open_together(openers):
    connections = []
    try:
        for opener in openers:
            connections.append(opener())
    except BaseException:
        for connection in reversed(connections):
            connection.close()
        raise
    with ExitStack() as stack:
        for connection in connections:
            stack.callback(connection.close)
        yield connections
