def shut_down(parts):
    with ExitStack() as stack:
        for part in parts:
            stack.push(part.close)
