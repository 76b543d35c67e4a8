class Diary:
    def __init__(self, paths, open_file):
        self.paths = paths
        self.open_file = open_file

    def stream(self):
        files = []
        try:
            for path in self.paths:
                files.append(self.open_file(path))
        except OSError:
            for file in files:
                file.close()
            raise

        def readings():
            try:
                for file in files:
                    yield from map(float, file)
            finally:
                for file in files:
                    file.close()

        return readings()
