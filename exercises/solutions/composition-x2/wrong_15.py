def shut_down(parts):
    with ExitStack() as stack:
        for part in parts:
            stack.push(lambda *reason, part=part: part.close())
