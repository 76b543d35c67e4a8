class Whole(descriptors.Whole):
    def __init__(self, least, most):
        super().__init__(least)
        self.most = most
        self.allowed = f"a whole number, {least} or more, {most} at most"

    def check(self, instance, value):
        super().check(instance, value)
        if value > self.most:
            self.refuse(ValueError, instance, value, self.allowed)
