@contextmanager
def open_together(openers):
    yield openers
