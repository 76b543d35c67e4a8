def with_highest(stream):
    highest = itertools.accumulate((reading["celsius"] for reading in stream), max)
    for reading, value in zip(stream, highest):
        yield {**reading, "highest": value}
