def with_highest(stream):
    highest = float("-inf")
    for reading in stream:
        highest = max(highest, reading["celsius"])
        yield {"celsius": reading["celsius"], "highest": highest}
