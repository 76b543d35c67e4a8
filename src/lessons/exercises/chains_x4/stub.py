def smoothed(stream, size):
    # TODO: yield the mean of each `size` readings in a row, as soon as they have been pulled.
    yield from ()
