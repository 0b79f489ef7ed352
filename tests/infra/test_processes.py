"""When a process counts as ended."""

import subprocess
import sys

import psutil
import pytest

from infra.local import processes
from tests.infra.conftest import until

MAIN_THREAD_ENDS_FIRST = """
import ctypes, sys, threading
threading.Thread(target=sys.stdin.read).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows such a process as a zombie")
def test_a_process_lives_until_its_last_thread_has_let_go_of_its_ports() -> None:
    started = subprocess.Popen([sys.executable, "-c", MAIN_THREAD_ENDS_FIRST], stdin=subprocess.PIPE)
    process = psutil.Process(started.pid)
    until(lambda: process.status() == psutil.STATUS_ZOMBIE)
    assert processes.is_alive(process)
    started.communicate()
    assert not processes.is_alive(process)
