"""How an answer is examined: the trial in a child process, and the verdict."""
