def smoothed(stream, size):
    window = deque(maxlen=size)
    for value in stream:
        if window and value == window[-1]:
            continue
        window.append(value)
        if len(window) == size:
            yield sum(window) / size
