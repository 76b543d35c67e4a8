def smoothed(stream, size):
    streams = itertools.tee(stream, size)
    for i, s in enumerate(streams):
        next(itertools.islice(s, i, i), None)
    for group in zip(*streams):
        yield sum(group) / size
