class Diary:
    def __init__(self, paths, open_file):
        self.readings = self.read(paths, open_file)

    def read(self, paths, open_file):
        for path in paths:
            with open_file(path) as file:
                for line in file:
                    yield float(line)

    def stream(self):
        return self.readings
