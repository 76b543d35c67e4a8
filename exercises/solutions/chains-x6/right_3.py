from lifecycle.faults import sweep
from lifecycle.sinks import ListSink
from lifecycle.sources import ListSource
from lifecycle.stages import Filter


def check_closes(deliver):
    def build():
        return ListSource([1, 0, 2, 3]), [Filter(bool), Filter(bool)], ListSink()

    for limit in (2, 10):
        swept = sweep(build, lambda source, stages, sink: deliver(source, stages, sink, limit))
        assert not swept.leaks, swept.leaks[0]
