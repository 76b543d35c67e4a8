"""What the real parts have in common: a life between `__enter__` and `__exit__`, entered in the ledger."""

from typing import Any, Literal, Self

from lifecycle import ledger


class Part:
    """A part that holds one resource from `__enter__` to `__exit__`, and is entered in the ledger as long.

    Each kind of part says how to `_open` and how to `_close`; `kind` and `name` are what the ledger shows. A
    sink says in `_keep` how to make its work last, which is done only when no error came. No error is
    swallowed.
    """

    kind = ""
    name = ""
    _inside = False

    def __enter__(self) -> Self:
        if self._inside:
            raise RuntimeError(f"this {type(self).__name__} is open already: make another one")
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
        """Acquire the resource. If that fails half way, the half is closed again here."""

    def _keep(self) -> None:
        """Make lasting what was done."""

    def _close(self) -> None:
        """Let the resource go, and what was not kept with it. Closing twice is harmless."""

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
