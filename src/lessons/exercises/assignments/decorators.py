import functools
import inspect
import time
from contextlib import closing
from itertools import islice

from lifecycle import PipelineContext, retryOnFailure
from lessons import check, course, given

course("kit")
