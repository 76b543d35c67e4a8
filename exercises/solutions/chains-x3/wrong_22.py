class Diary:
    def __init__(self, paths, open_file):
        self.paths = paths
        self.open_file = open_file

    def stream(self):
        with ExitStack() as stack:
            for path in self.paths:
                file = self.open_file(path)
                stack.close()
                stack.callback(file.close)
                for line in file:
                    yield float(line)
