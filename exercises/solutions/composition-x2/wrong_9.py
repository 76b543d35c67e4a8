def shut_down(parts):
    with ExitStack() as stack:
        for part in parts:
            stack.callback(part.close)
    for part in reversed(parts):
        part.close()
