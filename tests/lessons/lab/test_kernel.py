"""Labs as the first widgets of a real kernel: the frontend's own channels are not blamed on anybody's run."""

import json

from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

# Two runs: the first opens the frontend's channels, the second finds them open.
RUN = """
import json, sys
from IPython.display import display
from lessons import LeakLab
mine = open(sys.executable, "rb")
asked = [(resource, context) for resource in ("pool", "files", "sockets") for context in (False, True)]
labs = [LeakLab(resource, 22, context) for resource, context in asked]
print(json.dumps([[crash.held for crash in lab.outcome.crashes] + [lab.outcome.left] for lab in labs]))
display(*labs)
"""


def test_in_a_fresh_kernel_a_leak_lab_counts_only_what_its_own_run_opened():
    notebook = new_notebook(cells=[new_code_cell(RUN), new_code_cell(RUN)])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    for cell in notebook.cells:
        counts = json.loads(next(one.text for one in cell.outputs if one.output_type == "stream"))
        assert counts == [[*range(1, 21), 20, 20, 0], [0] * 23] * 3
