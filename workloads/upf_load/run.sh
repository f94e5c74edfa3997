#!/usr/bin/env bash
# workloads/upf_load/run.sh [SECONDS]: a base station, a user plane and a data network in three network namespaces, which
# are removed again, with the talk's four classes at rates that two CPUs carry. Needs root. To record it:
#   scripts/record --causes -o upf workloads/upf_load/run.sh 3
set -euo pipefail
seconds=${1:-3}
[[ $seconds =~ ^[1-9][0-9]?$ && $seconds -le 60 ]] || { echo "usage: $0 [SECONDS, 1 to 60]" >&2; exit 2; }
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
load=${SIMSCHED_UPF_LOAD:-$here/../../build/release/simsched-upf-load}
[[ -x $load ]] || { echo "$0: there is no $load: build the target simsched-upf-load" >&2; exit 2; }
[[ $(id -u) = 0 ]] || { echo "$0: network namespaces need root" >&2; exit 2; }

ran=ran$$ upf=upf$$ net=net$$
remove() {
  for space in $ran $upf $net; do ip netns del $space 2> /dev/null || true; done
}
trap remove EXIT
for space in $ran $upf $net; do
  ip netns add $space
  ip -n $space link set lo up
done
ip link add n3 netns $ran type veth peer name n3 netns $upf
ip link add n6 netns $upf type veth peer name n6 netns $net
ip -n $ran addr add 10.200.1.1/24 dev n3
ip -n $upf addr add 10.200.1.2/24 dev n3
ip -n $upf addr add 10.200.2.1/24 dev n6
ip -n $net addr add 10.200.2.2/24 dev n6
for end in "$ran n3" "$upf n3" "$upf n6" "$net n6"; do
  read -r space device <<< "$end"
  ip -n $space link set $device up
done

# QFI 1 voice, 5 video, 9 best effort, 2 emergency.
ip netns exec $net "$load" sink $((seconds + 1)) &
sink=$!
ip netns exec $upf "$load" forward $((seconds + 1)) 1:10000 5:13000 9:12000 2:10000 &
forward=$!
sleep 0.2
ip netns exec $ran "$load" source "$seconds" 1:1000:101 5:1500:1400 9:2000:576 2:500:101
wait $forward $sink
