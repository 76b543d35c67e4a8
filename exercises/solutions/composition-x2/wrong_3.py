def shut_down(parts):
    failures = []
    for part in parts:
        try:
            part.close()
        except BaseException as failure:
            failures.append(failure)
    if failures:
        raise failures[0]
