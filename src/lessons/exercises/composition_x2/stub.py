def shut_down(parts):
    # TODO: last first, all of them, and no failure lost.
    for part in parts:
        part.close()
