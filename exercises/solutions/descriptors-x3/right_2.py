class OneOf(descriptors.Field):
    def __init__(self, *options):
        self.options = options

    def check(self, instance, value):
        if value not in self.options:
            self.refuse(ValueError, instance, value, " or ".join(map(repr, self.options)))
