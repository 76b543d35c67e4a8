class Diary:
    def __init__(self, paths, open_file):
        self.paths = paths
        self.open_file = open_file

    def stream(self):
        for path in self.paths:
            file = self.open_file(path)
            for line in file:
                try:
                    yield float(line)
                except (OSError, ValueError, RuntimeError):
                    file.close()
                    raise
            file.close()
