def smoothed(stream, size):
    buffer = [0.0] * size
    count = 0
    for value in stream:
        buffer[count % size] = value
        count += 1
        if count >= size:
            yield sum(buffer) / size
