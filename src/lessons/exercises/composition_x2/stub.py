def shut_down(parts):
    # TODO: close all of them, the last one first, and lose no error.
    for part in parts:
        part.close()
