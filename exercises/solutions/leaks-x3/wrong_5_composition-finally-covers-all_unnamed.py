@contextmanager
def open_together(openers):
    connections = []
    try:
        for opener in openers:
            connections.append(opener())
        yield connections
    finally:
        for connection in reversed(connections):
            connection.close()
