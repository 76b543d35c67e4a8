def smoothed(stream, size):
    window = deque(maxlen=size)
    full = False
    for value in stream:
        window.append(value)
        if len(window) == size:
            full = True
            yield sum(window) / size
    if window and not full:
        yield sum(window) / len(window)
