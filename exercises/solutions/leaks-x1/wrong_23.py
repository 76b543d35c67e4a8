import sys


def copy_readings(source, sink):
    count = 0
    with source:
        sink.__enter__()
        try:
            with closing(source.stream()) as records:
                for record in records:
                    sink.write(record)
                    count += 1
        finally:
            sink.__exit__(*sys.exc_info())
    return count
