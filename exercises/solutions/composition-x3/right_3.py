@contextmanager
def transaction(engine):
    try:
        with engine.begin() as connection:
            yield connection
    except OperationalError as error:
        raise TimeoutError(str(error.orig)) from error


class DaySink(ExitStack):
    def __init__(self, engine):
        super().__init__()
        self.engine = engine

    def __enter__(self):
        self.connection = self.enter_context(transaction(self.engine))
        return self

    def write(self, record):
        try:
            self.connection.execute(
                sqlalchemy.text(
                    "insert into days values (:station, :day, :celsius)"
                    " on conflict (station, day) do update set celsius = excluded.celsius"
                ),
                record,
            )
        except OperationalError as error:
            raise TimeoutError(str(error.orig)) from error
