def shut_down(parts):
    parts[-1].close()
