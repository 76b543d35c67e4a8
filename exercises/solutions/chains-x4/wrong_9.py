def smoothed(stream, size):
    window = deque(maxlen=size)
    for value in stream:
        window.append(value)
        yield sum(window) / len(window)
