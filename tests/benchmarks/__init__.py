"""The cost of the kit, as ratios to alternatives that are measured in the same run: `make bench`."""
