@contextmanager
def open_together(openers):
    with ExitStack() as stack:
        connections = [stack.enter_context(closing(opener())) for opener in openers]
        try:
            yield connections
        except BaseException as error:
            print("the night has failed:", error)
