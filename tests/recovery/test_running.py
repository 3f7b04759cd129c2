"""The rows of programs, by which they are asked to end."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone

from veyra import processes
from veyra.running import FORGOTTEN, SILENT, Program
from veyra.stopping import Attendant

pytestmark = pytest.mark.django_db


def test_a_program_that_was_asked_to_stop_reads_it() -> None:
    attendant = Attendant("tap")
    assert attendant._is_asked() is False
    assert Program.objects.get().ask_to_stop(timezone.now())
    assert attendant._is_asked() is True


def test_a_request_is_done_when_the_program_is_back() -> None:
    Program.begin("tap").ask_to_stop(timezone.now())
    Program.begin("tap")
    assert Program.objects.get().stop_asked_at is None


def test_a_request_to_a_program_that_is_gone_does_not_stop_its_successor() -> None:
    before = Program.begin("tap")
    Program.objects.update(started_at=timezone.now() + timedelta(seconds=1))
    assert before.ask_to_stop(timezone.now()) is False
    assert Program.objects.get().stop_asked_at is None


def test_a_program_whose_row_was_deleted_makes_it_anew() -> None:
    attendant = Attendant("tap")
    attendant._look()
    Program.objects.all().delete()
    attendant._told = float("-inf")
    attendant._look()
    attendant._look()
    assert Program.objects.count() == 1


def test_a_process_that_took_over_the_row_is_not_stopped_for_the_one_before() -> None:
    attendant = Attendant("tap")
    attendant._look()
    Program.objects.update(pid=os.getpid() + 1, stop_asked_at=timezone.now())
    assert attendant._is_asked() is False


def test_who_is_silent_or_gone_reads_nothing() -> None:
    now = timezone.now()
    row = Program.begin("tap")
    assert row.listens(now)
    assert not row.listens(now + SILENT + timedelta(seconds=1))
    row.pid, row.pid_space = 2**22 + 1, processes.space()
    assert not row.listens(now)


def test_a_host_that_is_gone_for_a_day_is_forgotten() -> None:
    row = Program.begin("tap")
    assert list(Program.objects.to_know(row.seen_at)) == [row]
    assert not Program.objects.to_know(row.seen_at + FORGOTTEN + timedelta(seconds=1))
    assert list(Program.objects.named(row.target)) == [row]
