class Left:
    def __init__(self, part):
        self.part = part

    def __enter__(self):
        self.part.__enter__()
        return self.part

    def __exit__(self, kind, error, trace):
        self.part.__exit__(kind, error, trace)
        return "left in order"


def copy_readings(source, sink):
    count = 0
    with Left(source), Left(sink), closing(source.stream()) as records:
        for record in records:
            sink.write(record)
            count += 1
    return count
