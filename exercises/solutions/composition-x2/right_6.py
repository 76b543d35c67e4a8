def shut_down(parts):
    if not parts:
        return
    first, *rest = parts
    try:
        shut_down(rest)
    finally:
        first.close()
