def smoothed(stream, size):
    count = sum(1 for value in stream)
    window = deque(maxlen=size)
    for _ in range(count):
        window.append(next(stream))
        if len(window) == size:
            yield sum(window) / size
