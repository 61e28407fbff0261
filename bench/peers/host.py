# SPDX-License-Identifier: Apache-2.0
"""Environment and measuring shared by the peer scripts: pinned threads, peak memory, and how much
of the machine other processes took meanwhile. Linux only."""

import json
import os
import platform
import sys

_MARK = "CAMBIUM_PEER_ENVIRONMENT"


def restart_pinned(threads, preload=None, extra=None):
    """Restarts this script once, with threads pinned one to a core.

    OpenMP and the allocator read these when they are loaded, so they have to be set before Python
    starts. Unpinned, both threads sometimes land on one core and stay there: 10 times slower.
    """
    wanted = {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "OMP_PROC_BIND": "true",
        "OMP_PLACES": "cores",
        "OMP_DYNAMIC": "false",
    }
    if preload:
        wanted["LD_PRELOAD"] = ":".join(os.path.abspath(p) for p in preload)
    wanted.update(extra or {})
    if os.environ.get(_MARK) == "1":
        return wanted
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable] + sys.argv, {**os.environ, **wanted, _MARK: "1"})


def reset_peak_rss():
    """Makes peak_rss_gib() count from now on."""
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")


def peak_rss_gib():
    with open("/proc/self/status") as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**20
    return 0.0


class OthersCpu:
    """CPU seconds that other processes took, or the host (steal), since this was made."""

    def __init__(self):
        self.begin = self._read()

    @staticmethod
    def _read():
        with open("/proc/stat") as f:
            user, nice, system, _, _, irq, softirq, steal = map(int, f.readline().split()[1:9])
        own = os.times()
        busy = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
        return busy - own.user - own.system

    def stop(self):
        return max(0.0, self._read() - self.begin)


def cpu_name():
    found = {}
    with open("/proc/cpuinfo") as f:
        for line in f:
            key, _, value = line.partition(":")
            found.setdefault(key.strip(), value.strip())
    return "{} (family {} model {})".format(
        found.get("model name", platform.machine()), found.get("cpu family", "?"),
        found.get("model", "?"))


def summary(values):
    ordered = sorted(values)
    n = len(ordered)
    median = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    return {"median": round(median, 3), "min": round(ordered[0], 3), "max": round(ordered[-1], 3)}


def print_json(result):
    print(json.dumps(result, indent=2, sort_keys=False))
