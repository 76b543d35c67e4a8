"""How an answer is examined: wire, host, judge, trial and verdict."""
