def smoothed(stream, size):
    views = [itertools.islice(stream, start, None) for start in range(size)]
    for window in zip(*views):
        yield sum(window) / size
