"""Random sequences of actions, three hundred in the long form, and nothing is open that was not before."""

import gc
import random

import comm
import ipywidgets
import pytest

from lessons import DescriptorLab, ExitLab, LeakLab, MetricsLab
from lessons.lab.base import drive, values
from lifecycle import ledger

# What is left out takes long and is driven elsewhere; a few files stand for all that need a subprocess.
LEAK = {
    "resource": ["pool"] * 100 + ["files"],
    "cycles": [1, 2, 3],
    "context": [False, True],
    "keeps": ["exceptions", "cycle"],
    "collects": [0, 2],
    "queries": [False, True],
    "breaks": [3],
    "crash": [None],
    "more": [False, True],
}


TYPED = ["", "7", "0", "nan", "'text'", "10**400", "True", "not a value"]


def choices(make, lab, name):
    if make is LeakLab:
        return LEAK[name]
    control = lab.controls[name]
    if isinstance(control, ipywidgets.Button):
        return [None]
    return TYPED if isinstance(control, ipywidgets.Text) else values(control)


def everything():
    gc.collect()
    models, comms = ipywidgets.widgets.widget._instances, comm.get_comm_manager().comms
    return ledger.held(), ledger.system(), len(models), len(comms)


@pytest.mark.parametrize("sequences", [20, pytest.param(300, marks=pytest.mark.deep)])
@pytest.mark.parametrize("make", [DescriptorLab, ExitLab, LeakLab, MetricsLab])
def test_after_random_sequences_everything_is_as_before(make, sequences):
    chance = random.Random(34)
    make().close()  # What is imported and cached at first use comes before the count.
    before = everything()
    for _ in range(sequences):
        lab = make()
        for _ in range(chance.randrange(4)):
            name = chance.choice(list(lab.controls))
            drive(lab, name, chance.choice(choices(make, lab, name)))
        lab.close()
    assert everything() == before
