def shut_down(parts):
    *others, last = parts
    try:
        last.close()
    finally:
        for part in reversed(others):
            part.close()
