def shut_down(parts):
    with ExitStack() as stack:
        for part in reversed(parts):
            stack.callback(part.close)
