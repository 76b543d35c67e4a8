@contextmanager
def open_together(openers):
    connections = []
    try:
        for opener in openers:
            connections.append(opener())
        yield connections
    finally:
        failures = []
        for connection in connections:
            try:
                connection.close()
            except Exception as error:
                failures.append(error)
        if failures:
            raise failures[0]
