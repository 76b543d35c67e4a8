class DaySink:
    def __init__(self, engine):
        self.engine = engine

    # TODO: __enter__, write(record) and __exit__: one transaction, committed or rolled back.
