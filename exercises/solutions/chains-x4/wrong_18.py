def smoothed(stream, size):
    window = deque(itertools.islice(stream, size - 1), maxlen=size)

    def means():
        for value in stream:
            window.append(value)
            yield sum(window) / size

    return means()
