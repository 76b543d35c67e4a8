class DaySink:
    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.connection = self.engine.connect()
        try:
            self.connection.exec_driver_sql("begin immediate")
        except BaseException as error:
            self.connection.close()
            if isinstance(error, OperationalError):
                raise TimeoutError("the database is locked") from error
            raise
        return self

    def write(self, record):
        values = record["station"], record["day"], record["celsius"]
        try:
            insert = "insert or replace into days (station, day, celsius) values (?, ?, ?)"
            self.connection.exec_driver_sql(insert, values)
        except OperationalError as error:
            raise TimeoutError("the database is locked") from error

    def __exit__(self, kind, error, trace):
        with closing(self.connection):
            if kind is None:
                try:
                    self.connection.commit()
                except OperationalError as locked:
                    raise TimeoutError("the database is locked") from locked
            else:
                self.connection.rollback()
        return False
