#!/usr/bin/env bash
# tests/vm.sh SIMSCHED: exports the shipped schedulers and proves each on stock kernels in a virtual machine.
#   SIMSCHED_KERNELS='6.16 6.17': other kernels than those of scripts/fetch-kernels.
# Exit codes: 0 proved, 1 not, 3 cannot be tried here: no kernel or no QEMU.
set -euo pipefail

simsched=$(readlink -f "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/fetch-kernels > /dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

failed=0
prove() {
  local policy=$1
  shift
  "$simsched" export "$policy" -q -o "$work/$policy"
  "$simsched" verify "$work/$policy" --vm "$@" || failed=1
}
prove scx_simple
prove scx_packet --quick
prove scx_rusty --quick
exit "$failed"
