def smoothed(stream, size):
    stream = iter(stream)
    window = deque(itertools.islice(stream, size))
    if len(window) < size:
        return
    total = sum(window)
    yield total / size
    for value in stream:
        total += value - window.popleft()
        window.append(value)
        yield total / size
