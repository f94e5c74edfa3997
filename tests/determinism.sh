#!/usr/bin/env bash
# tests/determinism.sh BIN1 BIN2: the same config and seeds give the same bytes, whatever the number of
# jobs and whichever compiler built the command.
set -euo pipefail

if [[ $# -ne 2 ]]; then
  echo "usage: tests/determinism.sh BIN1 BIN2" >&2
  exit 2
fi
first=$(readlink -f "$1")
second=$(readlink -f "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

simulate() {  # BIN NAME JOBS
  for config in quickstart sched_ext; do
    mkdir -p "$work/$2/$config"
    if ! "$1" run "configs/$config.yaml" -o "$work/$2/$config" --seeds 1 --jobs "$3" \
        --perfetto "$work/$2/$config/trace.perfetto" > "$work/$2.log" 2>&1; then
      cat "$work/$2.log"
      echo "determinism: $1 failed" >&2
      exit 1
    fi
  done
  "$1" search configs/learning/gate.yaml -o "$work/$2/gate.smlp" --generations 2 --jobs "$3" -q
  "$1" dataset configs/learning/small.yaml -o "$work/$2/decisions.sdat" --jobs "$3" -q
  cp configs/learning/small_train.yaml "$work/$2/train.yaml"
  "$1" train "$work/$2/train.yaml" -o "$work/$2/trained.smlp" --jobs "$3" -q
}

simulate "$first" one-job 1
simulate "$first" two-jobs 2
simulate "$second" other-build 1
status=0
for other in two-jobs other-build; do
  for file in {quickstart,sched_ext}/{results.json,trace.perfetto} gate.{smlp,checkpoint,test.json} \
    decisions.sdat trained.smlp; do
    cmp "$work/one-job/$file" "$work/$other/$file" || status=1
  done
done
[[ $status -eq 0 ]] && echo "determinism: results.json, Perfetto trace, a searched model, decisions and a model of them are the same bytes in 3 runs"
exit $status
