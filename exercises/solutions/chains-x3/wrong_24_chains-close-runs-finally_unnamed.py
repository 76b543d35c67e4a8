class Diary:
    def __init__(self, paths, open_file):
        self.paths = paths
        self.open_file = open_file

    def stream(self):
        paths = iter(self.paths)
        for first in paths:
            return self.read(self.open_file(first), paths)
        return iter(())

    def read(self, file, paths):
        with file:
            for line in file:
                yield float(line)
        for path in paths:
            with self.open_file(path) as file:
                for line in file:
                    yield float(line)
