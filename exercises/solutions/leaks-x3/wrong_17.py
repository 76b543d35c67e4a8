@contextmanager
def open_together(openers):
    with ExitStack() as stack:
        try:
            connections = [stack.enter_context(opener()) for opener in openers]
        except OSError as error:
            raise RuntimeError("a station is silent") from error
        yield connections
