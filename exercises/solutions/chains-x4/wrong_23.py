def smoothed(stream, size):
    readings = []
    for value in stream:
        readings.append(value)
        if len(readings) >= size:
            yield sum(readings[-size:]) / size
        if len(readings) > size + 1000:
            del readings[:-size]
