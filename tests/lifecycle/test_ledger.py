"""The ledger: what is open by name, and what the operating system counts."""

import copy
import dataclasses
import os
import socket
import sys
import threading
import types

import pytest

from lifecycle import ledger


def test_held_in_the_order_of_opening():
    before = ledger.held()
    first = ledger.opened("file", "a.csv")
    second = ledger.opened("connection", "b.db")
    third = ledger.opened("file", "c.csv")
    try:
        assert ledger.held() == (*before, first, second, third)
        ledger.closed(second)
        assert ledger.held() == (*before, first, third)
    finally:
        for entry in (first, second, third):
            ledger.closed(entry)
    assert ledger.held() == before


def test_closed_twice_is_harmless():
    before = ledger.held()
    entry = ledger.opened("file", "a.csv")
    ledger.closed(entry)
    ledger.closed(entry)
    assert ledger.held() == before


def test_the_same_file_opened_twice_is_open_twice():
    first, second = ledger.opened("file", "a.csv"), ledger.opened("file", "a.csv")
    try:
        assert first != second
        ledger.closed(first)
        assert first not in ledger.held()
        assert second in ledger.held()
    finally:
        ledger.closed(first)
        ledger.closed(second)


def test_an_entry_is_frozen_and_reads_as_text():
    entry = ledger.Entry("file", "a.csv")
    assert (entry.kind, entry.name, str(entry)) == ("file", "a.csv", "file a.csv")
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.name = "b.csv"
    assert copy.copy(entry) != entry


def test_held_is_a_picture_of_the_moment():
    picture = ledger.held()
    entry = ledger.opened("file", "a.csv")
    try:
        assert entry not in picture
    finally:
        ledger.closed(entry)


def test_a_reader_in_another_thread_never_stumbles():
    stop = threading.Event()
    errors = []

    def read():
        try:
            while not stop.is_set():
                ledger.held()
        except BaseException as error:
            errors.append(error)

    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(2_000):
            entries = [ledger.opened("file", "a.csv") for _ in range(10)]
            for entry in entries:
                ledger.closed(entry)
    finally:
        stop.set()
        reader.join(30)
        sys.setswitchinterval(switch)
    assert errors == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts handles, of which a file may be several")
def test_system_counts_files_and_sockets_apart(tmp_path):
    before = ledger.system()
    path = tmp_path / "a.csv"
    with open(path, "w") as file:
        assert ledger.system() == ledger.System(before.files + 1, before.sockets)
        with socket.socket():
            assert ledger.system() == ledger.System(before.files + 1, before.sockets + 1)
        file.close()
        assert ledger.system() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lists no descriptors")
def test_system_does_not_count_its_own_descriptor():
    open_now = sum(1 for number in range(4096) if _is_open(number))
    counted = ledger.system()
    assert counted.files + counted.sockets == open_now
    assert ledger.system() == counted


def _is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def test_system_counts_handles_where_descriptors_are_not_listed(monkeypatch):
    process = types.SimpleNamespace(num_handles=lambda: 40, net_connections=lambda kind: ["tcp", "udp"])
    monkeypatch.setitem(sys.modules, "psutil", types.SimpleNamespace(Process=lambda: process))
    monkeypatch.setattr(os.path, "isdir", lambda path: False)
    with monkeypatch.context() as windows:
        windows.setattr(os, "name", "nt")
        counted = ledger.system()
    assert counted == ledger.System(files=38, sockets=2)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows gives a file no low number")
def test_system_tries_the_low_numbers_in_a_browser(monkeypatch, tmp_path):
    monkeypatch.setattr(os.path, "isdir", lambda path: False)
    before = ledger.system()
    with open(tmp_path / "a.csv", "w"), socket.socket():
        assert ledger.system() == ledger.System(before.files + 1, before.sockets + 1)
    assert ledger.system() == before
