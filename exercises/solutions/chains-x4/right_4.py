def smoothed(stream, size):
    views = itertools.tee(stream, size)
    for lead, view in enumerate(views):
        next(itertools.islice(view, lead, lead), None)
    for window in zip(*views):
        yield sum(window) / size
