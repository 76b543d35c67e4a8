def with_highest(stream):
    first, second = itertools.tee(stream)
    temperatures = [reading["celsius"] for reading in first]
    for place, reading in enumerate(second, 1):
        yield {**reading, "highest": max(temperatures[:place])}
