def shut_down(parts):
    first = None
    for part in reversed(parts):
        try:
            part.close()
        except Exception as error:
            first = first or error
    if first:
        raise first
