"""What the kit costs, as ratios against alternatives measured in the same run: `make bench`."""
