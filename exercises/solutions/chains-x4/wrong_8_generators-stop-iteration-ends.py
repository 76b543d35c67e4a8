def smoothed(stream, size):
    it = iter(stream)
    window = deque((next(it) for _ in range(size)), maxlen=size)
    while True:
        yield sum(window) / size
        window.append(next(it))
