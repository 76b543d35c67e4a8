"""Experiments: plain functions from settings to a frozen outcome. They import no widget and no picture."""
