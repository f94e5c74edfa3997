#!/usr/bin/env python3
"""describe_machine.py [NAME]: this machine as a machine file (docs/machines.md), from /sys alone."""
import glob
import os
import re
import sys

CPUS = "/sys/devices/system/cpu"
NODES = "/sys/devices/system/node"


def read(path, otherwise=None):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return otherwise


def members(cpu_list):
    cpus = []
    for part in filter(None, cpu_list.split(",")):
        low, _, high = part.partition("-")
        cpus += range(int(low), int(high or low) + 1)
    return cpus


def last_level(cpu):
    """The CPUs that share the outermost cache of `cpu`; the package where caches are not told."""
    levels = {int(read(f"{index}/level", "0")): read(f"{index}/shared_cpu_list", str(cpu))
              for index in glob.glob(f"{CPUS}/cpu{cpu}/cache/index*") if read(f"{index}/type") != "Instruction"}
    package = read(f"{CPUS}/cpu{cpu}/topology/package_cpus_list", str(cpu))
    return levels[max(levels)] if levels else package


def numbered(keys):
    """Each distinct key's number, in order of appearance."""
    numbers = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def main():
    cpus = members(read(f"{CPUS}/online", "0"))
    node_names = sorted(glob.glob(f"{NODES}/node[0-9]*"), key=lambda path: int(re.sub(r"\D", "", path)))
    node_of = {cpu: i for i, path in enumerate(node_names) for cpu in members(read(f"{path}/cpulist", ""))}
    nodes = numbered(node_of.get(cpu, 0) for cpu in cpus)
    cores = numbered(read(f"{CPUS}/cpu{cpu}/topology/thread_siblings_list", str(cpu)) for cpu in cpus)
    # A cache across two nodes counts as one in each: levels nest.
    llcs = numbered((last_level(cpu), node) for cpu, node in zip(cpus, nodes))
    capacities = [max(1, min(1024, int(read(f"{CPUS}/cpu{cpu}/cpu_capacity", "1024")))) for cpu in cpus]

    if len(sys.argv) > 1:
        print(f"name: {sys.argv[1]}")
    print("cpus:")
    for i, (core, llc, node, capacity) in enumerate(zip(cores, llcs, nodes, capacities)):
        print(f"  - {{cpus: {i}, core: {core}, llc: {llc}, node: {node}, capacity: {capacity}}}")

    # Nodes with CPUs, in the order of their numbers here; the larger way counts where the two differ.
    order = list(dict.fromkeys(node_of.get(cpu, 0) for cpu in cpus))
    table = [[int(number) for number in read(f"{path}/distance", "").split()] for path in node_names]
    if len(order) > 1 and all(len(row) == len(table) for row in table):
        print("distances:")
        for i in order:
            print(f"  - [{', '.join(str(min(254, max(table[i][j], table[j][i]))) for j in order)}]")


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C"
    main()
