class Watch:

    def __init__(self, mail):
        type(self).mail = mail
        self.written = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, Exception):
            self.mail(self.written, error)
        return False

def night(source, stages, sink, mail):
    with Watch(mail) as watch:
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
        while True:
            try:
                record = next(stream)
            except StopIteration:
                return watch.written
            sink.write(record)
            watch.written += 1
