"""A command with everything it starts, those that outlive their parent too: CPU seconds and the largest of them.

`python -m tests.bench.cpu_of COMMAND …`: runs it, then prints `CPU_SECONDS MEGABYTES` and ends as it did.
"""

import ctypes
import os
import resource
import subprocess
import sys

ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER of Linux's prctl


def main(command: list[str]) -> int:
    """Run and count."""
    ctypes.CDLL(None).prctl(ADOPT_ORPHANS, 1, 0, 0, 0)
    ended = subprocess.run(command, check=False).returncode
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3)
    return ended


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
