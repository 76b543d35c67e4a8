def with_highest(stream):
    copy = iter(stream)
    highest = list(itertools.accumulate((reading["celsius"] for reading in copy), max))
    for place, reading in enumerate(stream):
        yield {**reading, "highest": highest[place]}
