def copy_readings(source, sink):
    with PipelineContext(source, sink=sink) as pipeline:
        return pipeline.run()
