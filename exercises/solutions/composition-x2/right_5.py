def shut_down(parts):
    try:
        parts.pop().close()
    finally:
        if parts:
            shut_down(parts)
