"""The beginning of each widget's script: it keeps the keys of a control from JupyterLab's shortcuts."""

from importlib.resources import files

KEYS = files(__package__).joinpath("keys.js").read_text(encoding="utf-8")
