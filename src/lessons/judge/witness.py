"""What only the host can see of its own objects, by `see_…`.

It is hearsay: a judge uses it to choose its sentences. Points rest on it only where they are confirmed from
outside.
"""

from __future__ import annotations
