class DailyReport:
    def __init__(self, path):
        self.path = path
        self.accepted = 0
        self.kept = 0

    def __enter__(self):
        self.partial = self.path.with_suffix(".partial")
        self.file = open(self.partial, "w", encoding="utf-8")
        return self

    def write(self, record):
        self.file.write(json.dumps(record) + "\n")
        self.accepted += 1
        self.kept += 1

    def __exit__(self, kind, error, trace):
        try:
            self.file.close()
            if kind is None:
                os.replace(self.partial, self.path)
        finally:
            self.partial.unlink(missing_ok=True)
        return False
