def night(source, stages, sink, mail):
    pipeline = PipelineContext(source, stages, sink)
    try:
        with pipeline:
            return pipeline.run()
    except Exception as error:
        mail(pipeline.recordCount, error)
        raise
