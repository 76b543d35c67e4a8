class DaySink:
    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        return self

    def write(self, record):
        row = record["station"], record["day"], record["celsius"]
        try:
            with self.engine.begin() as connection:
                connection.exec_driver_sql("insert or replace into days values (?, ?, ?)", row)
        except OperationalError as error:
            raise TimeoutError("the database is locked") from error

    def __exit__(self, kind, error, trace):
        pass                            # a run that failed raises, and so it has changed nothing
