def smoothed(stream, size):
    window = deque(maxlen=size)
    for value in stream:
        if value:
            window.append(value)
            if len(window) == size:
                yield sum(window) / size
