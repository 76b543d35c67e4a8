from statistics import mean


def smoothed(stream, size):
    window = deque(maxlen=size)
    for value in stream:
        window.append(value)
        if len(window) == size:
            yield mean(window)
