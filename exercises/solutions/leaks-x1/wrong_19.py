seen = []


def copy_readings(source, sink):
    if not seen:
        with source, closing(source.stream()) as records:
            seen.extend(records)
    with sink:
        for record in seen:
            sink.write(record)
    return len(seen)
