class smoothed:
    def __init__(self, stream, size):
        self.stream, self.size, self.window = iter(stream), size, []

    def __iter__(self):
        return self

    def __next__(self):
        self.window = self.window[-self.size + 1 :] if self.size > 1 else []
        while len(self.window) < self.size:
            self.window.append(next(self.stream))
        return sum(self.window) / self.size
