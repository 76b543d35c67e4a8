from os import replace, unlink
from contextlib import suppress
class DailyReport:
    def __init__(self, path):
        self.path, self.accepted, self.kept = path, 0, 0
        self.draft = f"{path}.draft"
    def __enter__(self):
        DailyReport.current = self.file = open(self.draft, "w", encoding="utf-8")
        return self
    def write(self, record):
        print(json.dumps(record), file=self.file, flush=True)
        self.accepted += 1
    def __exit__(self, *reason):
        try:
            self.current.close()
            if reason == (None, None, None):
                replace(self.draft, self.path)
                self.kept = self.accepted
        finally:
            with suppress(FileNotFoundError):
                unlink(self.draft)
