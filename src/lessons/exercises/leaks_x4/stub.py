class DailyReport:
    """The sink of one day: a new report when the run has succeeded, else the old one as it was."""

    def __init__(self, path):
        self.path = path
        self.accepted = 0
        self.kept = 0

    # TODO: write `__enter__`, `write(record)` and `__exit__(kind, error, trace)`.
