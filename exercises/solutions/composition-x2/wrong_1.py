def shut_down(parts):
    try:
        pass
    finally:
        for part in reversed(parts):
            part.close()
