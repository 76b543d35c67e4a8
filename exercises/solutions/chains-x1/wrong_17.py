def with_highest(stream):
    highest = None
    for reading in stream:
        if not highest or reading["celsius"] > highest:
            highest = reading["celsius"]
        yield {**reading, "highest": highest}
