#!/usr/bin/env python3
"""strip_perf.py IN OUT: keeps of a perf.data file what simsched reads, and nothing that tells where it was made.

Kept are scheduling samples, task names and life times, lost-event counts, and the header sections that describe
events, CPUs and kernel release. Host name, command line, file mappings, build ids and the rest are dropped.
Layout: tools/perf/Documentation/perf.data-file-format.txt of Linux 6.1.
"""
import argparse
import os
import struct
import sys
import tempfile

# magic, header size, attr size, (offset, size) of attrs, data and event types, feature bitmap
HEADER = struct.Struct("<8s2Q6Q32s")
DATA_SIZE_AT = 8 + 8 * 5
FEATURES_AT = 8 + 8 * 8
SECTION = struct.Struct("<2Q")
RECORD = struct.Struct("<IHH")

KEPT_RECORDS = {
    2,   # LOST
    3,   # COMM
    4,   # EXIT
    7,   # FORK
    9,   # SAMPLE
    13,  # LOST_SAMPLES
    68,  # FINISHED_ROUND: up to here samples are complete
}
COMPRESSED = 81
KEPT_FEATURES = {
    1,   # tracing data: the fields of the tracepoints
    4,   # kernel release
    6,   # architecture
    7,   # number of CPUs
    8,   # CPU model
    9,   # CPU id
    10,  # memory size
    12,  # names of the events
    13,  # CPU topology
    14,  # NUMA topology
}


def fail(path, problem, remedy):
    sys.exit(f"strip_perf: error: {path}: {problem}; {remedy}")


def kept_records(data, path):
    """The records to keep, one after the other."""
    kept, at = bytearray(), 0
    while at + RECORD.size <= len(data):
        kind, _, size = RECORD.unpack_from(data, at)
        if kind == COMPRESSED:
            fail(path, "its records are compressed", "record without perf's -z")
        if size < RECORD.size or at + size > len(data):
            fail(path, f"the record at byte {at} of the data is damaged", "record again")
        if kind in KEPT_RECORDS:
            kept += data[at:at + size]
        at += size
    return bytes(kept)


def feature_sections(file, bitmap, table_at):
    """{feature bit: content}; their table follows the data, in the order of the bits."""
    bits = [bit for bit in range(256) if bitmap[bit // 8] >> (bit % 8) & 1]
    sections = {}
    for i, bit in enumerate(bits):
        offset, size = SECTION.unpack_from(file, table_at + i * SECTION.size)
        sections[bit] = file[offset:offset + size]
    return sections


def strip(file, path):
    if len(file) < HEADER.size or file[:8] != b"PERFILE2":
        fail(path, "this is not a perf.data file of this byte order", "give what perf record -o FILE wrote")
    _, header_size, _, _, _, data_at, data_size, _, _, bitmap = HEADER.unpack_from(file)
    if header_size != HEADER.size:
        fail(path, "this is perf's pipe format", "record to a file")
    if data_size == 0 or data_at + data_size > len(file):
        fail(path, "the recording is not complete", "let perf record end before reading its file")

    data = kept_records(file[data_at:data_at + data_size], path)
    sections = feature_sections(file, bitmap, data_at + data_size)
    features = sorted(KEPT_FEATURES & sections.keys())
    new_bitmap = bytearray(32)
    for bit in features:
        new_bitmap[bit // 8] |= 1 << (bit % 8)

    # What lies before the data (header, attrs and their ids) keeps its place, so its offsets stay right.
    head = bytearray(file[:data_at])
    struct.pack_into("<Q", head, DATA_SIZE_AT, len(data))
    head[FEATURES_AT:FEATURES_AT + 32] = new_bitmap
    table, bodies = bytearray(), bytearray()
    bodies_at = len(head) + len(data) + len(features) * SECTION.size
    for bit in features:
        table += SECTION.pack(bodies_at + len(bodies), len(sections[bit]))
        bodies += sections[bit]
    return bytes(head) + data + bytes(table) + bytes(bodies)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input")
    parser.add_argument("output")
    arguments = parser.parse_args()
    try:
        with open(arguments.input, "rb") as source:
            file = source.read()
        stripped = strip(file, arguments.input)
        folder = os.path.dirname(os.path.abspath(arguments.output))
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as target:
            target.write(stripped)
        os.chmod(target.name, 0o644)
        os.replace(target.name, arguments.output)
    except OSError as error:
        fail(error.filename or arguments.input, error.strerror, "check the path")
    print(f"{len(file)} -> {len(stripped)} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
