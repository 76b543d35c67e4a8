class Diary:
    def __init__(self, paths, open_file):
        self.paths = paths
        self.open_file = open_file

    def stream(self):
        if not self.paths:
            return iter(())
        file = self.open_file(self.paths[0])  # a file that is not there is noticed here
        return self.readings(file)

    def readings(self, file):
        try:
            for number in range(1, len(self.paths) + 1):
                yield from map(float, file)
                file.close()
                if number < len(self.paths):
                    file = self.open_file(self.paths[number])
        finally:
            file.close()
