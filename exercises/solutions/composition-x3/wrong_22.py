class DaySink:
    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.rows = []
        return self

    def write(self, record):
        self.rows.append((record["station"], record["day"], record["celsius"]))

    def __exit__(self, kind, error, trace):
        if kind is not None:
            return
        try:
            with self.engine.begin() as connection:
                for row in self.rows:
                    connection.exec_driver_sql("insert or replace into days values (?, ?, ?)", row)
        except OperationalError as problem:
            raise RuntimeError("the database is locked") from problem
