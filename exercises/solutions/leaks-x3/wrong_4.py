@contextmanager
def open_together(openers):
    connections = []
    try:
        for opener in openers:
            connections.append(opener())
        yield connections
    finally:
        connections.clear()  # nobody holds them any more, so they close
