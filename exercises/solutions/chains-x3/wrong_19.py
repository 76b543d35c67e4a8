class Diary:
    def __init__(self, paths, open_file):
        self.paths = paths
        self.open_file = open_file

    def stream(self):
        with self.open_file(self.paths[0]) as file:
            for line in file:
                yield float(line)
