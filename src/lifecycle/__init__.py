"""Resource lifecycle architecture for Python pipelines: three patterns that compose without coupling."""

from lifecycle.config import PipelineConfig
from lifecycle.context import PipelineContext
from lifecycle.measure import measuredStage
from lifecycle.retry import retryOnFailure

__all__ = ["PipelineConfig", "PipelineContext", "measuredStage", "retryOnFailure"]
