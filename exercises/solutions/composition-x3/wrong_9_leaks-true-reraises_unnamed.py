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
        except BaseException:
            self.connection.close()
            raise
        return self
    def write(self, record):
        self.connection.exec_driver_sql("insert or replace into days values (?, ?, ?)",
            (record["station"], record["day"], record["celsius"]))
    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.connection.exec_driver_sql("commit")
            else:
                self.connection.exec_driver_sql("rollback")
        except OperationalError as problem:
            raise TimeoutError("locked") from problem
        finally:
            self.connection.rollback()
            self.connection.close()
        return True
