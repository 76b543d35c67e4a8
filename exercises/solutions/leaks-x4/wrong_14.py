class DailyReport:
    def __init__(self, path):
        self.path, self.accepted, self.kept, self.lines = path, 0, 0, []
    def __enter__(self):
        return self
    def write(self, record):
        self.lines.append(json.dumps(record))
        self.accepted += 1
    def __exit__(self, kind, error, trace):
        if kind is None:
            self.path.write_text("".join(line + "\n" for line in self.lines), encoding="utf-8")
            self.kept = self.accepted
