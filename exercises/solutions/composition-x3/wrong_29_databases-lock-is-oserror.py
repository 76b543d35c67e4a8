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
        for attempt in range(3):
            try:
                with self.engine.begin() as connection:
                    for row in self.rows:
                        connection.exec_driver_sql("insert or replace into days values (?, ?, ?)", row)
                return
            except OSError:  # another program has the lock: try again
                if attempt == 2:
                    raise
