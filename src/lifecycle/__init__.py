"""What a pipeline is made of. Follow one record through these modules, and then one fault, in this order:

context, closing         a run of source → stages → sink: it counts what arrives, and closes what it opened
sources, stages, sinks   the parts; `parts` holds what sources and sinks have in common
descriptors, config      settings that are checked at the line of the assignment
measure                  a decorator that counts and times a stage
retry                    a decorator that tries again after an `OSError`
weather                  the main job, built from all of the above
ledger                   what is open now, by name and by the operating system's count
probe, faults            one part watched or made to fail; then every place where a pipeline can fail
database, texts          how tables and files are read and written; read these last
"""

from lifecycle.config import PipelineConfig
from lifecycle.context import PipelineContext
from lifecycle.measure import measuredStage
from lifecycle.retry import retryOnFailure

__all__ = ["PipelineConfig", "PipelineContext", "measuredStage", "retryOnFailure"]
