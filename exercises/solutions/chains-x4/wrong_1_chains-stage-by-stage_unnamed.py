def smoothed(stream, size):
    values = list(stream)
    for start in range(len(values) - size + 1):
        yield sum(values[start : start + size]) / size
