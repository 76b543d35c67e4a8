from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import date

import sqlalchemy
from sqlalchemy.exc import OperationalError

from lifecycle import PipelineConfig, PipelineContext, faults, measuredStage, retryOnFailure
from lifecycle.sinks import SqlSink
from lifecycle.sources import CsvSource
from lifecycle.stages import Filter, Normalise, Parse
from lessons import check, course, given

course("kit")
