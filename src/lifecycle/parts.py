"""What the real parts have in common: they open in `__enter__`, close in `__exit__`, and tell the ledger."""

from typing import Any, Literal, Self

from lifecycle import ledger


class Part:
    """A part that holds one resource from `__enter__` to `__exit__`, with an entry in the ledger meanwhile.

    Each kind of part defines how to `_open` and how to `_close`; `kind` and `name` are what the ledger shows.
    A sink defines in `_keep` how to keep its work, which is called only if there was no error. No error is
    swallowed.
    """

    kind = ""
    name = ""
    _inside = False

    def __enter__(self) -> Self:
        if self._inside:
            raise RuntimeError(f"this {type(self).__name__} is open already: create another one")
        self._acquire()
        self._inside = True
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Literal[False]:
        if not self._inside:
            return False
        self._inside = False
        try:
            if kind is None:
                self._keep()
        finally:
            self._release()
        return False

    def _open(self) -> None:
        """Open the resource. If that fails half way, close here what is open already."""

    def _keep(self) -> None:
        """Keep what was written."""

    def _close(self) -> None:
        """Close the resource, without what was not kept. Closing twice does no harm."""

    def _acquire(self) -> None:
        self._open()
        self._entry = ledger.opened(self.kind, self.name)

    def _release(self) -> None:
        try:
            self._close()
        finally:
            ledger.closed(self._entry)

    def _check(self) -> None:
        if not self._inside:
            name = type(self).__name__
            raise RuntimeError(f"this {name} is not open: use it inside `with`, or in a PipelineContext")
