"""The working copy, the server, slides, the reading edition; the command `lifecycle`."""
