def deliver(source, stages, sink, limit):
    streams, count = [], 0

    def close_all():
        failed = None
        for stream in reversed(streams):
            try:
                stream.close()
            except (Exception, KeyboardInterrupt) as error:
                failed = error
        if failed is not None:
            raise failed

    try:
        streams.append(source.stream())
        for stage in stages:
            streams.append(stage.process(streams[-1]))
        for record in itertools.islice(streams[-1], limit):
            sink.write(record)
            count += 1
    except (Exception, KeyboardInterrupt):
        close_all()
        raise
    close_all()
    return count
