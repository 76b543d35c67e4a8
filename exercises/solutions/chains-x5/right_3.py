def deliver(source, stages, sink, limit):
    def pulled(stream, stages):
        try:
            if stages:
                return pulled(stages[0].process(stream), stages[1:])
            count = 0
            while count < limit:
                try:
                    record = next(stream)
                except StopIteration:
                    break
                sink.write(record)
                count += 1
            return count
        finally:
            stream.close()

    return pulled(source.stream(), list(stages))
