class DaySink:
    size = 100

    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.connection = self.engine.connect()
        self.written = 0
        self.begin()
        return self

    def begin(self):
        try:
            self.connection.exec_driver_sql("begin immediate")
        except OperationalError as error:
            self.connection.close()
            raise TimeoutError("the database is locked") from error

    def write(self, record):
        row = record["station"], record["day"], record["celsius"]
        statement = "insert or replace into days (station, day, celsius) values (?, ?, ?)"
        self.connection.exec_driver_sql(statement, row)
        self.written += 1
        if self.written % self.size == 0:
            self.connection.commit()
            self.begin()

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.connection.commit()
            else:
                self.connection.rollback()
        except OperationalError as failure:
            self.connection.rollback()
            raise TimeoutError("the database is locked") from failure
        finally:
            self.connection.close()
