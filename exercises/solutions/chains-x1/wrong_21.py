def with_highest(stream):
    highest, last = float("-inf"), None
    for reading in stream:
        if reading != last:
            last = reading
            highest = max(highest, reading["celsius"])
            yield {**reading, "highest": highest}
