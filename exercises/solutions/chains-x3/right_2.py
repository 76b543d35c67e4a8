class Diary:
    def __init__(self, paths, open_file):
        self.paths = paths
        self.open_file = open_file

    def stream(self):
        for path in self.paths:
            file = self.open_file(path)
            try:
                yield from map(float, file)
            finally:
                file.close()
