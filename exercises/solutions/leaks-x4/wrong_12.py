class DailyReport:
    def __init__(self, path):
        self.path, self.accepted, self.kept = path, 0, 0
    def __enter__(self):
        self.new = self.path.with_suffix(".new")
        self.file = self.new.open("w", encoding="utf-8")
        return self
    def write(self, record):
        self.file.write(json.dumps(record) + "\n")
        self.accepted += 1
    def __exit__(self, kind, error, trace):
        self.file.close()
        old = self.path.with_suffix(".old")
        try:
            if kind is None:
                if self.path.exists():
                    self.path.rename(old)
                self.new.rename(self.path)
                self.kept = self.accepted
        finally:
            self.new.unlink(missing_ok=True)
            old.unlink(missing_ok=True)
