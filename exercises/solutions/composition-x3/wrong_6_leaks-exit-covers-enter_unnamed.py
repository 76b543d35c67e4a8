class DaySink:
    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.connection = self.engine.connect()
        try:
            self.connection.exec_driver_sql("begin immediate")
        except OperationalError as error:
            raise TimeoutError("the database is locked") from error
        return self

    def write(self, record):
        row = record["station"], record["day"], record["celsius"]
        self.connection.exec_driver_sql("insert or replace into days values (?, ?, ?)", row)

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.connection.commit()
        finally:
            self.connection.rollback()
            self.connection.close()
