class Entry:
    """One entry into the weather database: all its rows are kept, or none."""

    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.connection = self.engine.connect()
        return self.connection

    def __exit__(self, kind, error, trace):
        # TODO: `self.connection.commit()` keeps the rows, `self.connection.close()` gives the slot back.
        # Rows that are not committed by then are taken back. Which call belongs to which way out?
        ...
