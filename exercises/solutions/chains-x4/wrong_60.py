def smoothed(stream, size):
    stream = iter(stream)
    window = deque((next(stream) for _ in range(size)), maxlen=size)
    yield sum(window) / size
    for value in stream:
        window.append(value)
        yield sum(window) / size
