@contextmanager
def Entry(engine):
    with engine.connect() as connection:
        try:
            yield connection
            connection.commit()
        except BaseException as error:
            print("rolled back:", error)
