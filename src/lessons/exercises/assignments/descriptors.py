import copy
import difflib
import gc
import math
import weakref

from lifecycle import descriptors
from lessons import check, course, given

course("kit")
