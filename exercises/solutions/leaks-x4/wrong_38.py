class DailyReport:
    def __init__(self, path):
        self.path = path
        self.block = self.written()
        self.accepted = self.kept = 0

    @contextmanager
    def written(self):
        partial = self.path.parent / (self.path.name + ".new")
        try:
            with open(partial, "w", encoding="utf-8") as self.file:
                yield self
            os.replace(partial, self.path)
            self.kept = self.accepted
        except (Exception, KeyboardInterrupt):
            os.remove(partial)
            raise

    def __enter__(self):
        return self.block.__enter__()

    def write(self, record):
        json.dump(record, self.file, sort_keys=True)
        self.file.write("\n")
        self.accepted += 1

    def __exit__(self, *reason):
        return self.block.__exit__(*reason)
