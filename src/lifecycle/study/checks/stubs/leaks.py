from contextlib import closing, contextmanager

from lifecycle import PipelineContext, faults, ledger
from lifecycle.study import check, course, given

course("kit")
