@contextmanager
def Entry(engine):
    connection = engine.connect()
    try:
        yield connection
        connection.commit()
    except Exception:
        # Whatever goes wrong in the block comes by here.
        connection.close()
        raise
    connection.close()
