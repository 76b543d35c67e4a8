class DaySink:

    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.connection = self.engine.connect()
        return self

    def write(self, record):
        try:
            row = (record['celsius'], record['station'], record['day'])
            update = 'update days set celsius = ? where station = ? and day = ?'
            found = self.connection.exec_driver_sql(update, row).rowcount
            if found == 0:
                insert = 'insert into days (celsius, station, day) values (?, ?, ?)'
                self.connection.exec_driver_sql(insert, row)
        except OperationalError as error:
            raise TimeoutError('locked') from error

    def __exit__(self, kind, error, trace):
        try:
            if error is None:
                try:
                    self.connection.commit()
                except OperationalError as problem:
                    raise TimeoutError('locked') from problem
        finally:
            self.connection.rollback()
            self.connection.close()
        return False
