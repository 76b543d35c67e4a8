class Night:
    def __init__(self, path, engine, config):
        self.path, self.engine, self.config = path, engine, config

    def build(self):
        # TODO: return source, stages and sink, with retry and measurement on them.
        ...

    def run(self, source, stages, sink):
        # TODO: run them so that everything closes wherever it breaks; return the count.
        ...

    def load(self):
        # TODO: the whole night, tried again while the database is locked; return the count.
        ...
