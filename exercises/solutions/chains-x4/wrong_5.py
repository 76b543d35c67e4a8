def smoothed(stream, size):
    while True:
        window = list(itertools.islice(stream, size))  # the next window, one reading further on
        if len(window) < size:
            return
        yield sum(window) / size
