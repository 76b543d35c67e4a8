def night(source, stages, sink, config):
    if not isinstance(config, PipelineConfig):
        config = PipelineConfig(**{name: value for name, value in vars(config).items() if name != "label"})
    if not hasattr(source, "__enter__"):
        raise TypeError("a PipelineContext needs a source that is a context manager")
    source.stream = measuredStage(retryOnFailure(config.maxAttempts, config.delaySeconds)(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    with PipelineContext(source, stages, sink) as pipeline:
        return pipeline.run()
