def shut_down(parts, errors=[]):
    for part in reversed(parts):
        try:
            part.close()
        except BaseException as error:
            errors.append(error)
    if errors:
        raise errors[-1]
