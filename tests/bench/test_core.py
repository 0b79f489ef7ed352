"""The core alone: flat in persons, in history and in the length of a journey. Printed, never asserted."""

import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]


def test_core() -> None:
    events = os.environ.get("BENCH_EVENTS", "500000")
    print()
    subprocess.run([sys.executable, "-m", "tests.bench.core", events], check=True)
