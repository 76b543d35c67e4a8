def copy_readings(source, sink):
    class Done(Exception):
        pass

    count = 0
    try:
        with source, sink, closing(source.stream()) as records:
            for record in records:
                sink.write(record)
                count += 1
            raise Done
    except Done:
        return count
