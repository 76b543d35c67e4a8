import sys


def night(source, stages, sink, mail):
    written = 0
    try:
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
        for record in stream:
            sink.write(record)
            written += 1
        return written
    finally:
        error = sys.exc_info()[1]
        if isinstance(error, Exception):
            mail(written, error)
