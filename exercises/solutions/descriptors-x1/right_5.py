def checked(storage):
    def read(self):
        return getattr(self, storage)

    def write(self, value):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise TypeError(f"{value!r}: allowed is a number")
        setattr(self, storage, value)

    return property(read, write)


class Settings:
    center = checked("_center")
    spread = checked("_spread")
