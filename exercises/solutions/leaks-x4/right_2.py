from tempfile import NamedTemporaryFile


class DailyReport(ExitStack):
    def __init__(self, path):
        super().__init__()
        self.path = path
        self.accepted = 0
        self.replaced = False

    @property
    def kept(self):
        return self.accepted if self.replaced else 0

    def __enter__(self):
        self.file = NamedTemporaryFile(
            "w", dir=self.path.parent, prefix=self.path.name, delete=False, encoding="utf-8"
        )
        self.callback(Path(self.file.name).unlink, missing_ok=True)
        self.callback(self.file.close)
        return self

    def write(self, record):
        print(json.dumps(record), file=self.file)
        self.accepted += 1

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.file.close()
                Path(self.file.name).replace(self.path)
                self.replaced = True
        finally:
            super().__exit__(None, None, None)
