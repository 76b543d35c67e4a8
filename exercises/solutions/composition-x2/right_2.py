def shut_down(parts):
    if parts:
        first, *rest = parts
        try:
            shut_down(rest)
        finally:
            first.close()
