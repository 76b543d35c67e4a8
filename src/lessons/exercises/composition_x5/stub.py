class Night:
    def __init__(self, path, engine, config):
        self.path, self.engine, self.config = path, engine, config

    def build(self):
        # TODO: return source, stages and sink, with retry and measurement on them.
        ...

    def run(self, source, stages, sink):
        # TODO: run them so that everything is closed if it fails anywhere, and return the count.
        ...

    def load(self):
        # TODO: run the whole night, try again while the database is locked, and return the count.
        ...
