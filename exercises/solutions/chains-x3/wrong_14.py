class Diary:
    def __init__(self, paths, open_file):
        self.paths = paths
        self.open_file = open_file

    def stream(self):
        for path in self.paths:
            self.file = self.open_file(path)
            try:
                for line in self.file:
                    yield float(line)
            finally:
                self.file.close()
