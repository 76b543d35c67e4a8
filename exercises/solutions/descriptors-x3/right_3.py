class OneOf:
    def __init__(self, *options):
        self.options = {option: number for number, option in enumerate(options)}

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        number = vars(instance)[self.name]
        return list(self.options)[number]

    def __set__(self, instance, value):
        try:
            number = self.options[value]
        except KeyError:
            known = ", ".join(self.options)
            where = f"{self.name} of a {instance.__class__.__name__}"
            raise ValueError(f"{where} is one of {known}; {value} is none of them") from None
        vars(instance)[self.name] = number
