def shut_down(parts):
    failure = None
    for part in reversed(parts):
        try:
            part.close()
        except (Exception, KeyboardInterrupt) as error:
            failure = error
    if failure is not None:
        raise failure
