def with_highest(stream):
    readings = list(stream)
    temperatures = [reading["celsius"] for reading in readings]
    for place, reading in enumerate(readings, 1):
        yield {**reading, "highest": max(temperatures[:place])}
