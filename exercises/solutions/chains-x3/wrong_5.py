class Diary:
    def __init__(self, paths, open_file):
        self.stack = ExitStack()
        self.files = [self.stack.enter_context(open_file(path)) for path in paths]

    def stream(self):
        with self.stack:
            for file in self.files:
                for line in file:
                    yield float(line)
