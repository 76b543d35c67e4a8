def shut_down(parts):
    failed = None
    while parts:
        part = parts[-1]
        try:
            part.close()
        except BaseException as error:
            failed = error
        finally:
            parts.remove(part)
    if failed is not None:
        raise failed
