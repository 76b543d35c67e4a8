def shut_down(parts):
    closed, errors = [], []
    for part in reversed(parts):
        if part in closed:
            continue
        closed.append(part)
        try:
            part.close()
        except BaseException as error:
            errors.append(error)
    if errors:
        raise errors[0]
