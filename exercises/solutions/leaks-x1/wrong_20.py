import sys


def copy_readings(source, sink):
    source.__enter__()
    try:
        sink.__enter__()
        stream = source.stream()
        try:
            return sum(sink.write(record) is None for record in stream)
        finally:
            try:
                stream.close()
            finally:
                sink.__exit__(*sys.exc_info())
    finally:
        source.__exit__(*sys.exc_info())
