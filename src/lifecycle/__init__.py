"""Resource lifecycle architecture for Python pipelines."""
