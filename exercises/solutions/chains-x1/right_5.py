class with_highest:
    def __init__(self, stream):
        self.stream = stream
        self.highest = None
    def __iter__(self):
        return self
    def __next__(self):
        reading = next(self.stream)
        if self.highest is None or reading["celsius"] > self.highest:
            self.highest = reading["celsius"]
        return {**reading, "highest": self.highest}
