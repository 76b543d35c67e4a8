def with_highest(stream):
    first = next(stream)

    def rest(highest):
        yield {**first, "highest": highest}
        for reading in stream:
            highest = max(highest, reading["celsius"])
            yield {**reading, "highest": highest}

    return rest(first["celsius"])
