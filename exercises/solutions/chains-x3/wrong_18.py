class Readings:

    def __init__(self, paths, open_file):
        self.paths = iter(paths)
        self.open_file = open_file
        self.file = None
        self.done = False

    def __iter__(self):
        return self

    def __next__(self):
        if self.done:
            return None
        try:
            while True:
                if self.file is None:
                    try:
                        path = next(self.paths)
                    except StopIteration:
                        self.done = True
                        raise
                    self.file = self.open_file(path)
                line = self.file.readline()
                if line:
                    return float(line)
                self.file.close()
                self.file = None
        except BaseException:
            self.close()
            raise

    def close(self):
        self.done = True
        if self.file is not None:
            self.file.close()
            self.file = None

class Diary:

    def __init__(self, paths, open_file):
        self.paths = paths
        self.open_file = open_file

    def stream(self):
        return Readings(self.paths, self.open_file)
