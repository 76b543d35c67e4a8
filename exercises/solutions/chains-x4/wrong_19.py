class smoothed:
    def __init__(self, stream, size):
        smoothed.size = size
        self.stream, self.window = iter(stream), deque(maxlen=size)

    def __iter__(self):
        return self

    def __next__(self):
        self.window.append(next(self.stream))
        while len(self.window) < self.size:
            self.window.append(next(self.stream))
        return sum(self.window) / self.size
