def shut_down(parts):
    errors = []
    for part in parts[::-1]:
        try:
            part.close()
        except BaseException as e:
            print("failed:", e)
            errors.append(e)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise BaseExceptionGroup("several", errors)
