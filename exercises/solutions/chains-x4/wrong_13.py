def smoothed(stream, size):
    window = deque()
    total = 0.0
    for value in stream:
        window.append(value)
        total = round(total + value, 3)
        if len(window) > size:
            total = round(total - window.popleft(), 3)
        if len(window) == size:
            yield total / size
