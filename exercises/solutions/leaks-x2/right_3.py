@contextmanager
def Entry(engine):
    with engine.connect() as connection:
        yield connection
        connection.commit()
