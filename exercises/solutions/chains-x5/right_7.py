def deliver(source, stages, sink, limit):
    allStreams = []
    firstError = None
    numberWritten = 0
    try:
        currentStream = source.stream()
        allStreams.append(currentStream)
        for oneStage in stages:
            currentStream = oneStage.process(currentStream)
            allStreams.append(currentStream)
        for i in range(limit):
            try:
                record = next(currentStream)
            except StopIteration:
                print("end after", i)
                break
            sink.write(record)
            numberWritten = numberWritten + 1
    except BaseException as e:
        firstError = e
    allStreams.reverse()
    for s in allStreams:
        try:
            s.close()
        except BaseException as e:
            if firstError is None:
                firstError = e
    if firstError is not None:
        raise firstError
    return numberWritten
