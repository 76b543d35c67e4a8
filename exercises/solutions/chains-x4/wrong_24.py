def smoothed(stream, size):
    if size == 1:
        yield from stream
        return
    window = deque(maxlen=size)
    for value in stream:
        window.append(value)
        if len(window) == size:
            yield sum(window) / size
