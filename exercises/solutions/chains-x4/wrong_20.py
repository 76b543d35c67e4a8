def smoothed(stream, size):
    totals = [0.0]
    for value in stream:
        totals.append(totals[-1] + value)
        if len(totals) > size:
            yield (totals[-1] - totals[-1 - size]) / size
