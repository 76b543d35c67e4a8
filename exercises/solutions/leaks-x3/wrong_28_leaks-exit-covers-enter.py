class open_together(ExitStack):
    def __init__(self, openers):
        super().__init__()
        self.openers = openers

    def __enter__(self):
        # If an opener fails, the `with` leaves this stack, which closes the others.
        connections = []
        for opener in self.openers:
            connections.append(opener())
            self.callback(connections[-1].close)
        return connections
