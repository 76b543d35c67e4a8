def with_highest(stream):
    def warmer(before, now):
        return {**now, "highest": max(before["highest"], now["highest"])}

    own = ({**reading, "highest": reading["celsius"]} for reading in stream)
    return itertools.accumulate(own, warmer)
