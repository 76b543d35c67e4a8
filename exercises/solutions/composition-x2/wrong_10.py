def shut_down(parts):
    failed = False
    for part in reversed(parts):
        try:
            part.close()
        except BaseException:
            failed = True
    if failed:
        raise RuntimeError("a part failed to close")
