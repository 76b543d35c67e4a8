class Diary:
    def __init__(self, paths, open_file):
        self.paths = paths
        self.open_file = open_file
    def stream(self):
        for path in self.paths:
            with self.open_file(path) as file:
                for line in file:
                    value = float(line)
                    try:
                        yield value
                    except:
                        pass
