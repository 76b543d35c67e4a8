def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        yielded = 0
        for number in range(1, attempts + 1):
            stream = function(self)
            try:
                for record in islice(stream, yielded, None):
                    yielded += 1
                    yield record
                stream.close()
                return
            except OSError:
                stream.close()
                if number == attempts:
                    raise
            except (Exception, KeyboardInterrupt, GeneratorExit):
                stream.close()
                raise
    return wrapper
