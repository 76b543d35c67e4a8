import sys


def copy_readings(source, sink):
    source.__enter__()
    sink.__enter__()
    try:
        with closing(source.stream()) as records:
            count = 0
            for record in records:
                sink.write(record)
                count += 1
        return count
    finally:
        reason = sys.exc_info()
        try:
            sink.__exit__(*reason)
        finally:
            source.__exit__(*reason)
