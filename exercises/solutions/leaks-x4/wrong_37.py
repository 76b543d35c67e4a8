class DailyReport:
    def __init__(self, path):
        self.path = path
        self.accepted = 0
        self.kept = 0
        self.waiting = []

    def __enter__(self):
        self.partial = self.path.with_suffix(".partial")
        self.file = open(self.partial, "w", encoding="utf-8")
        return self

    def write(self, record):
        self.waiting.append(json.dumps(record) + "\n")
        self.accepted += 1
        if len(self.waiting) == 3:
            self.flush()

    def flush(self):
        self.file.writelines(self.waiting)
        self.waiting.clear()

    def __exit__(self, kind, error, trace):
        try:
            self.flush()
            self.file.close()
            if kind is None:
                os.replace(self.partial, self.path)
                self.kept = self.accepted
        finally:
            self.partial.unlink(missing_ok=True)
