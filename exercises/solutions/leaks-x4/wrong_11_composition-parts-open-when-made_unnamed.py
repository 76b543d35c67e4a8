class DailyReport:
    def __init__(self, path):
        self.path = path
        self.accepted = 0
        self.kept = 0
        self.partial = self.path.with_suffix(".part")
        self.file = open(self.partial, "w", encoding="utf-8")
    def __enter__(self):
        return self
    def write(self, record):
        self.file.write(json.dumps(record) + "\n")
        self.accepted += 1
    def __exit__(self, kind, error, trace):
        try:
            self.file.close()
            if kind is None:
                os.replace(self.partial, self.path)
                self.kept = self.accepted
        finally:
            self.partial.unlink(missing_ok=True)
