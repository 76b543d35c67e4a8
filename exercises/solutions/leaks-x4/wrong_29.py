class DailyReport:
    def __init__(self, path):
        self.path = path
        self.accepted = 0
        self.kept = 0

    def __enter__(self):
        self.partial = self.path.parent / ".report.tmp"
        self.file = self.partial.open("w", encoding="utf-8")
        return self

    def write(self, record):
        print(json.dumps(record), file=self.file)
        self.accepted += 1

    def __exit__(self, kind, error, trace):
        try:
            self.file.close()
            if kind is None:
                os.replace(self.partial, self.path)
                self.kept = self.accepted
        finally:
            self.partial.unlink(missing_ok=True)
        return False
