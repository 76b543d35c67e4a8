import tempfile
class DailyReport:
    def __init__(self, path):
        self.path = path
        self.accepted = 0
        self.kept = 0
    def __enter__(self):
        self.tempDir = tempfile.TemporaryDirectory(dir=self.path.parent)
        self.tempPath = Path(self.tempDir.name) / self.path.name
        self.tempFile = self.tempPath.open("w", encoding="utf-8")
        return self
    def write(self, record):
        self.tempFile.write(json.dumps(record) + "\n")
        self.accepted += 1
    def __exit__(self, kind, error, trace):
        with self.tempDir:
            self.tempFile.close()
            if kind is None:
                self.tempPath.replace(self.path)
                self.kept = self.accepted
