@contextmanager
def mailing(mail):
    try:
        yield
    except Exception as error:
        mail(0, error)
        raise


def night(source, stages, sink, mail):
    with mailing(mail):
        stream = source.stream()
        for stage in stages:
            stream = (record for record in stage.process(stream))
    written = 0
    for record in stream:
        sink.write(record)
        written += 1
    return written
