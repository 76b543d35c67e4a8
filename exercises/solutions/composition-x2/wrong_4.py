def shut_down(parts):
    for part in reversed(parts):
        with suppress(BaseException):
            part.close()
