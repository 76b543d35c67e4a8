class DaySink:
    def __init__(self, engine):
        self.engine = engine
        self.connection = engine.connect()
    def __enter__(self):
        try:
            self.connection.exec_driver_sql("begin immediate")
        except OperationalError as error:
            self.connection.close()
            raise TimeoutError("the database is locked") from error
        return self
    def write(self, record):
        self.connection.exec_driver_sql("insert or replace into days values (?, ?, ?)",
            (record["station"], record["day"], record["celsius"]))
    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.connection.commit()
            else:
                self.connection.rollback()
        finally:
            self.connection.rollback()
            self.connection.close()
