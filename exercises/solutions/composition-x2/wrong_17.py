def shut_down(parts):
    failures = []
    for part in parts[::-1]:
        try:
            part.close()
        except BaseException as error:
            failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise ExceptionGroup(f"{len(failures)} parts did not close", failures)
