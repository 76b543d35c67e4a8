"""The assignment on leaks: what stays open when a run dies, and who closes it. Its checks are in folders."""
