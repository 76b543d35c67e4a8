@contextmanager
def open_together(openers):
    connections = []
    errors = []
    try:
        for opener in openers:
            connections.append(opener())
        yield list(connections)
    finally:
        for connection in reversed(connections):
            try:
                connection.close()
            except Exception as error:
                errors.append(error)
        if errors:
            raise ExceptionGroup("could not close", errors)
