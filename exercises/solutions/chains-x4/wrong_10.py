def smoothed(stream, size):
    window = []
    for value in stream:
        window.append(value)
        if len(window) == size:
            yield sum(window) / size
            window.clear()
