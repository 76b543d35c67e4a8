def shut_down(parts):
    errors = []
    for part in reversed(parts):
        try:
            part.close()
        except Exception as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup("several parts failed to close", errors)
