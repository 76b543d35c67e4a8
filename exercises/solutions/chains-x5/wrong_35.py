def deliver(source, stages, sink, limit):
    with PipelineContext(source, stages, sink) as pipeline:
        for _ in itertools.islice(pipeline.stream(), limit):
            pass
    return pipeline.recordCount
