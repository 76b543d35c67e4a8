class DaySink:
    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.connection = self.engine.connect()
        try:
            # a table that goes with the connection, so it needs no cleaning up
            self.connection.exec_driver_sql("create temporary table tonight (station, day, celsius)")
        except BaseException:
            self.connection.close()
            raise
        return self

    def write(self, record):
        row = record["station"], record["day"], record["celsius"]
        self.connection.exec_driver_sql("insert into tonight values (?, ?, ?)", row)

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.connection.exec_driver_sql("insert or replace into days select * from tonight")
                self.connection.commit()
        except OperationalError as problem:
            raise TimeoutError("the database is locked") from problem
        finally:
            self.connection.rollback()
            self.connection.close()
