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
                    connection.exec_driver_sql("delete from days where station = ? and day = ?", row[:2])
                    connection.exec_driver_sql("insert into days values (?, ?, ?)", row)
        except OperationalError as problem:
            raise OSError(f"the night could not be written: {problem.orig}") from problem
