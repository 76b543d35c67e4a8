def copy_readings(source, sink):
    source.__enter__()
    try:
        sink.__enter__()
    except BaseException:
        source.__exit__(None, None, None)
        raise
    records = None
    count = 0
    try:
        records = source.stream()
        for record in records:
            sink.write(record)
            count += 1
    except BaseException as error:
        told = (type(error), error, error.__traceback__)
        if records is not None:
            records.close()
        sink.__exit__(*told)
        source.__exit__(*told)
        raise
    try:
        try:
            records.close()
        except BaseException as error:
            sink.__exit__(type(error), error, error.__traceback__)
            raise
        sink.__exit__(None, None, None)
    finally:
        source.__exit__(None, None, None)
    return count
