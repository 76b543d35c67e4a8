class with_highest:
    highest = float("-inf")

    def __init__(self, stream):
        self.stream = iter(stream)

    def __iter__(self):
        return self

    def __next__(self):
        reading = next(self.stream)
        with_highest.highest = max(with_highest.highest, reading["celsius"])
        return {**reading, "highest": with_highest.highest}
