def with_highest(stream):
    stream = iter(stream)
    highest = float("-inf")
    while True:
        reading = next(stream)
        highest = max(highest, reading["celsius"])
        yield {**reading, "highest": highest}
