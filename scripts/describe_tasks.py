#!/usr/bin/env python3
"""describe_tasks.py: which CPUs the tasks may use that run already, where those are not all, as entries of `tasks` in a
NAME.recorded.yaml. Their names speak for their descendants, too; a name whose tasks differ is left out, and so are kernel
threads and whoever calls this."""

import os
import pathlib

KTHREAD = 0x00200000  # PF_KTHREAD, include/linux/sched.h
MOST = 200


def allowed_by_name(proc="/proc"):
    """{comm: lists of CPUs} of every thread."""
    found = {}
    for status in pathlib.Path(proc).glob("[0-9]*/task/[0-9]*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
            flags = int((status.parent / "stat").read_text().rpartition(") ")[2].split()[6])
        except (OSError, ValueError):
            continue  # it has ended
        if not flags & KTHREAD and fields.get("Tgid") not in (str(os.getpid()), str(os.getppid())):
            found.setdefault(fields["Name"], set()).add(fields.get("Cpus_allowed_list", "").strip())
    return found


def main():
    online = pathlib.Path("/sys/devices/system/cpu/online").read_text().strip()
    lines = []
    for name, lists in sorted(allowed_by_name().items()):
        if len(lists) == 1 and (cpus := lists.pop()) and cpus != online:
            quoted = name.replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f'  - {{tree: "{quoted}", cpus: "{cpus}"}}')
    print("\n".join(lines[:MOST]))


if __name__ == "__main__":
    main()
