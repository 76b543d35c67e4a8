def copy_readings(source, sink):
    with source:
        with sink:
            try:
                with closing(source.stream()) as records:
                    count = 0
                    for record in records:
                        sink.write(record)
                        count += 1
            except (Exception, KeyboardInterrupt) as error:
                # `with` leaves the sink at the end of the block alone.
                sink.__exit__(type(error), error, error.__traceback__)
                raise
    return count
