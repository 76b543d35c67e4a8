def smoothed(stream, size):
    window = deque(maxlen=size)
    for value in itertools.islice(stream, 14):
        window.append(value)
        if len(window) == size:
            yield sum(window) / size
