def with_highest(stream):
    result = []
    highest = float("-inf")
    for reading in stream:
        highest = max(highest, reading["celsius"])
        result.append({**reading, "highest": highest})
    return result
