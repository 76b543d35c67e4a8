class OneOf:
    # TODO: a field that takes one of its options, and nothing else: `unit = OneOf("celsius", "kelvin")`.
    def __init__(self, *options):
        self.options = options
