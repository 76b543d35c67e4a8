def smoothed(stream, size):
    totals = [0.0, *itertools.accumulate(stream)]
    return [(end - start) / size for start, end in zip(totals, totals[size:])]
