class Readings:
    def __init__(self, paths, open_file):
        self.paths, self.open_file = iter(paths), open_file
        self.file = self.open_file(next(self.paths))

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            if self.file is None:
                self.file = self.open_file(next(self.paths))
            line = self.file.readline()
            if line:
                try:
                    return float(line)
                except ValueError:
                    self.close()
                    raise
            self.close()

    def close(self):
        if self.file is not None:
            self.file.close()
            self.file = None


class Diary:
    def __init__(self, paths, open_file):
        self.paths = paths
        self.open_file = open_file

    def stream(self):
        return Readings(self.paths, self.open_file)
