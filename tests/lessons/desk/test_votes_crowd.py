"""A full lecture hall on the vote page, beside others who attack it. All phones run in other processes."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest
import votephones

from lessons.desk.votes import start

CROWD, PARTS = 500, 4


@pytest.mark.deep
@pytest.mark.parametrize("attackers", [(), votephones.HOSTILE], ids=["alone", "attacked"])
def test_no_vote_of_500_phones_is_lost_or_counted_twice(tmp_path: Path, attackers: tuple[str, ...]) -> None:
    stop = tmp_path / "stop"
    pool = ProcessPoolExecutor(PARTS + len(attackers), get_context("spawn"))
    with pool, start.page("127.0.0.1", None, CROWD) as line:
        try:
            line.open("leaks-p1")
            disturbing = [pool.submit(votephones.hostile, line.address, kind, stop) for kind in attackers]
            people = [[""] * (CROWD // PARTS)] * PARTS
            for round in (1, 2):
                line.open("leaks-p1", round)
                name = f"leaks-p1.{round}"
                parts = [
                    pool.submit(votephones.honest, line.address, 10 * round + part, name, cookies)
                    for part, cookies in enumerate(people)
                ]
                voted = [done for part in parts for done in part.result()]
                assert len({cookie for cookie, _ in voted}) == CROWD
                assert line.counts() == Counter(letter for _, letter in voted)
                people = [[cookie for cookie, _ in part.result()] for part in parts]
                line.close()
                late = votephones.Phone(line.address, people[0][0])
                assert votephones.again(partial(late.send, "A", name)).status == 409
                assert line.counts() == Counter(letter for _, letter in voted)
        finally:
            stop.touch()
        assert all(one.result() for one in disturbing)
