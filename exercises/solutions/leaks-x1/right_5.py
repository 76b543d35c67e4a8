def copy_readings(source, sink):
    with PipelineContext(source, [], sink) as pipeline:
        return pipeline.run()
