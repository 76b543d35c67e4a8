import copy
import difflib
import gc
import math
import weakref

from lifecycle import descriptors
from lifecycle.study import check, course, given

course("kit")
