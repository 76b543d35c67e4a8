def smoothed(stream, size):
    total = sum(itertools.islice(stream, size))
    yield total / size
    for value, oldest in zip(itertools.islice(stream, size, None), stream):
        total += value - oldest
        yield total / size
