@contextmanager
def open_together(openers):
    if not openers:
        yield []
        return
    first, *others = openers
    connection = first()
    try:
        with open_together(others) as connections:
            yield [connection, *connections]
    finally:
        connection.close()
