"""What the scripts of widgets begin with: how a control keeps its keys from JupyterLab's shortcuts."""

from importlib.resources import files

KEYS = files(__package__).joinpath("keys.js").read_text(encoding="utf-8")
