@contextmanager
def open_together(openers):
    stack = ExitStack()
    with ExitStack() as opening:
        connections = [opening.enter_context(closing(opener())) for opener in openers]
        stack = opening.pop_all()
    try:
        yield connections
    except Exception:
        stack.close()
        raise
    stack.close()
