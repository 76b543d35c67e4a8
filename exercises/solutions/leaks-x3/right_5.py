@contextmanager
def open_together(openers):
    cs = []
    try:
        for o in openers:
            cs.append(o())
        yield cs
    finally:
        err = None
        while cs:
            try:
                cs.pop().close()
            except BaseException as e:
                err = err or e
        if err:
            raise err
