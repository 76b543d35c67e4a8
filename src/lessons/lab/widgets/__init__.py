"""Widgets: thin shells that turn controls into settings and outcomes into a view."""
