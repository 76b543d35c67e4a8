class Readings:
    def __init__(self, paths, open_file):
        self.paths, self.open_file, self.file = iter(paths), open_file, None

    def __iter__(self):
        return self

    def __next__(self):
        try:
            while True:
                if self.file is None:
                    self.file = self.open_file(next(self.paths))
                line = self.file.readline()
                if line:
                    return float(line)
                self.shut()
        except BaseException:
            self.shut()
            raise

    def shut(self):
        if self.file is not None:
            self.file.close()
            self.file = None

    def close(self):
        self.paths = iter(())
        self.file.close()
        self.file = None


class Diary:
    def __init__(self, paths, open_file):
        self.paths = paths
        self.open_file = open_file

    def stream(self):
        return Readings(self.paths, self.open_file)
