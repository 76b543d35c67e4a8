def shut_down(parts):
    errors = []
    for part in reversed(parts):
        try:
            part.close()
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise BaseExceptionGroup("several", errors)
