USUAL = given("descriptors-x4")  # the usual label, windowSize and spread


class StationConfig:
    # TODO: three checked fields, a constructor, a guard against misspelt names, and `usual`.
    ...
