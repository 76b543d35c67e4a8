def smoothed(stream, size):
    values = []
    for value in stream:
        values.append(value)
        if len(values) >= size:
            yield sum(values[-size:]) / size
