#!/usr/bin/env bash
# tests/upstream_compile.sh [DIR]: the kernel's example schedulers compile, with no edits, against scx_port/include
# (DIR: where scripts/fetch-schedulers put or puts them). Exit codes: 0 all do, 1 some do not, 3 they cannot be had.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=${1:-$root/build/schedulers}
"$root/scripts/fetch-schedulers" "$dir"

clang=$(command -v clang-14 || command -v clang)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
failed=0
for name in 6.12/scx_{simple,central,qmap,flatcg} 7.3/scx_{simple,central,flatcg,cpu0,pair,userland,sdt}; do
  folder=$dir/${name%/*}/tools/sched_ext file=${name#*/}.bpf.c
  if "$clang" -target bpf -g -O2 -mcpu=v3 -I "$folder" -I "$root/scx_port/include" \
    -I "/usr/include/$(uname -m)-linux-gnu" -c "$folder/$file" -o "$out/x.bpf.o" 2> "$out/log"; then
    echo "ok      ${name/\// }"
  else
    echo "failed  ${name/\// }: $(grep -m1 error: "$out/log" || head -1 "$out/log")"
    failed=1
  fi
done
exit "$failed"
