def shut_down(parts):
    with ExitStack() as stack:
        for part in parts:
            stack.callback(lambda: part.close())
