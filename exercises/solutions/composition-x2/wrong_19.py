def shut_down(parts):
    errors = []
    while parts:
        try:
            parts.pop().close()
        except BaseException as error:
            errors.append(error)
    if errors:
        raise errors[0] from errors[-1]
