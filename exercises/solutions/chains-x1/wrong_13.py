def with_highest(stream):
    row = {}
    highest = float("-inf")
    for reading in stream:
        highest = max(highest, reading["celsius"])
        row.update(reading, highest=highest)
        yield row
