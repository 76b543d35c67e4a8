class Diary:
    def __init__(self, paths, open_file):
        self.paths = paths
        self.open_file = open_file

    def readings(self, path):
        with self.open_file(path) as file:
            for line in file:
                yield float(line)

    def stream(self):
        return itertools.chain.from_iterable(map(self.readings, self.paths))
