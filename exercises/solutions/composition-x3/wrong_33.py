class DaySink:
    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.connection = self.engine.connect()
        try:
            self.connection.exec_driver_sql("begin immediate")
        except OperationalError as error:
            self.connection.close()
            raise TimeoutError("the database is locked") from error
        self.there = set(map(tuple, self.connection.exec_driver_sql("select station, day from days")))
        return self

    def write(self, record):
        row = record["celsius"], record["station"], record["day"]
        if row[1:] in self.there:
            self.connection.exec_driver_sql("update days set celsius = ? where station = ? and day = ?", row)
        else:
            self.connection.exec_driver_sql("insert into days (celsius, station, day) values (?, ?, ?)", row)

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.connection.commit()
        except OperationalError as problem:
            raise TimeoutError("the database is locked") from problem
        finally:
            self.connection.rollback()
            self.connection.close()
