_policies = []


def night(source, stages, sink, config):
    if not _policies:
        _policies.append(retryOnFailure(config.maxAttempts, config.delaySeconds))
    source.stream = measuredStage(_policies[0](source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    with PipelineContext(source, stages, sink) as pipeline:
        return pipeline.run()
