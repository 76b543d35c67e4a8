import shutil
class DailyReport:
    def __init__(self, path):
        self.path = path
        self.accepted = 0
        self.kept = 0
    def __enter__(self):
        self.new = self.path.with_name(self.path.name + ".new")
        self.out = self.new.open("w", encoding="utf-8")
        return self
    def write(self, record):
        self.out.write(json.dumps(record) + "\n")
        self.accepted += 1
    def __exit__(self, kind, error, trace):
        try:
            self.out.close()
            if kind is None:
                shutil.move(self.new, self.path)
                self.kept = self.accepted
        finally:
            self.new.unlink(missing_ok=True)
