"""Resource lifecycle architecture for Python pipelines: three patterns that compose without coupling."""

from lifecycle.context import PipelineContext

__all__ = ["PipelineContext"]
