def with_highest(stream):
    highest = float("-inf")
    for reading in stream:
        if reading["celsius"] >= highest:
            highest = reading["celsius"]
        yield {**reading, "highest": highest}
        if reading["celsius"] == 0:
            return
