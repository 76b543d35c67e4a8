def with_highest(stream):
    def step(previous, reading):
        top = reading["celsius"] if previous is None else max(previous["highest"], reading["celsius"])
        return dict(reading, highest=top)
    yield from itertools.islice(itertools.accumulate(itertools.chain([None], stream), step), 1, None)
