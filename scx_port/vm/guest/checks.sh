# What a scheduler must do on a real kernel. One line a check: "ok NAME: WHAT WAS SEEN" or "not ok NAME: ...".
# The kernel's command line says which groups of checks: simsched.checks=basic,log,trace,bad,model,repeat

loader=/export/simsched-loader
scx=/sys/kernel/sched_ext
groups=$(sed -n 's/.*simsched\.checks=\([^ ]*\).*/\1/p' /proc/cmdline)
wants() { case ",$groups," in *",$1,"*) true ;; *) false ;; esac; }

ok() { echo "ok $1: $2"; }
not_ok() { echo "not ok $1: $2"; }
# check NAME CONDITION WHAT: CONDITION is a command line.
check() { if eval "$2"; then ok "$1" "$3"; else not_ok "$1" "$3"; fi; }

# until_state STATE SECONDS
until_state() {
  n=0
  while [ "$(cat $scx/state)" != "$1" ] && [ $n -lt $(($2 * 10)) ]; do
    sleep 0.1
    n=$((n + 1))
  done
  [ "$(cat $scx/state)" = "$1" ]
}

# start DIR ARGUMENTS...: a loader in the background; waits until it schedules, or ends.
start() {
  dir=$1
  shift
  "$dir/simsched-loader" "$dir" "$@" > /tmp/loader.out 2> /tmp/loader.err &
  pid=$!
  n=0
  while ! grep -q schedules /tmp/loader.err && kill -0 $pid 2> /dev/null && [ $n -lt 600 ]; do
    sleep 0.1
    n=$((n + 1))
  done
  grep -q schedules /tmp/loader.err
}

# stop: ends it; its exit code.
stop() {
  kill -TERM $pid 2> /dev/null
  wait $pid
  code=$?
}

last_error() { tail -n 1 /tmp/loader.err; }

check fair_before '! simsched-guest ext && [ "$(cat $scx/state)" = disabled ]' "state $(cat $scx/state)"

if ! $loader /export --check > /tmp/check 2>&1; then
  not_ok kernel "$(cat /tmp/check)"
  exit
fi
ok kernel "$(cat /tmp/check)"

if wants basic; then
  if ! start /export --json --stats 1 --costs; then
    not_ok attaches "$(cat /tmp/loader.err)"
    exit
  fi
  ok attaches "$(cat $scx/root/ops), after $n tenths of a second"
  check all_switched '[ "$(cat $scx/state) $(cat $scx/switch_all)" = "enabled 1" ]' "$(cat $scx/state), switch_all $(cat $scx/switch_all)"
  build=$(simsched-guest build 96 16 4)
  check build '[ "$build" = "jobs=96 ext=96" ]' "$build"
  wake=$(simsched-guest wake 12 1500)
  check wake_ups '[ $? = 0 ] && [ "$(cat $scx/state)" = enabled ]' "$wake"

  # Weights: a task of nice 10 has a tenth of the weight of one of nice 0. Three tasks, as the one that runs is not yet
  # queued when the next is chosen: of two, each has every other turn.
  simsched-guest hog 1500 10 2 > /tmp/low &
  low=$!
  simsched-guest hog 1500 0 2 > /tmp/high2 &
  high2=$!
  simsched-guest hog 1500 0 2 > /tmp/high
  wait $low $high2
  check nice_weights '[ "$(cat /tmp/high)" -gt $((2 * $(cat /tmp/low))) ]' "$(cat /tmp/high) and $(cat /tmp/high2) ms at nice 0 beside $(cat /tmp/low) ms at nice 10"

  # Groups come and go, tasks move between them, their weights change: nothing of that ends a scheduler.
  echo +cpu > /sys/fs/cgroup/cgroup.subtree_control
  mkdir -p /sys/fs/cgroup/a /sys/fs/cgroup/b
  echo 400 > /sys/fs/cgroup/b/cpu.weight
  (sh -c 'echo $$ > /sys/fs/cgroup/a/cgroup.procs; exec simsched-guest hog 600 0 1' > /tmp/a) &
  hog=$!
  sh -c 'echo $$ > /sys/fs/cgroup/b/cgroup.procs; exec simsched-guest hog 600 0 1' > /tmp/b
  wait $hog
  echo 50 > /sys/fs/cgroup/b/cpu.weight
  rmdir /sys/fs/cgroup/a /sys/fs/cgroup/b
  check cgroups '[ "$(cat $scx/state)" = enabled ] && [ $(($(cat /tmp/a) + $(cat /tmp/b))) -gt 300 ]' "$(cat /tmp/a) ms in a group of weight 100, $(cat /tmp/b) ms in one of 400"

  $loader /export > /tmp/second 2>&1
  second=$?
  check second_loader '[ $second = 2 ] && [ "$(wc -l < /tmp/second)" = 1 ] && grep -q "attached already" /tmp/second && [ "$(cat $scx/state)" = enabled ]' "$second, $(cat /tmp/second)"

  echo 0 > /sys/devices/system/cpu/cpu3/online
  until_state enabled 30
  sleep 1
  until_state enabled 30
  check cpu_offline 'kill -0 $pid && [ "$(cat $scx/state)" = enabled ] && simsched-guest ext' "$(grep -c "loaded again" /tmp/loader.err) restarts"
  echo 1 > /sys/devices/system/cpu/cpu3/online
  sleep 1
  until_state enabled 30
  check cpu_online 'kill -0 $pid && [ "$(cat $scx/state)" = enabled ] && simsched-guest ext' "$(grep -c "loaded again" /tmp/loader.err) restarts"

  stop
  check unload '[ $code = 0 ] && [ "$(cat $scx/state)" = disabled ] && ! simsched-guest ext' "exit code $code, $(last_error)"
  cp /tmp/loader.out /out/statistics.json

  start /export
  simsched-guest hog 4000 0 1 > /tmp/hog &
  hog=$!
  kill -KILL $pid
  wait $pid
  until_state disabled 10
  simsched-guest ext
  ext=$?
  check kill_9 '[ "$(cat $scx/state)" = disabled ] && [ $ext = 1 ] && kill -0 $hog' "state $(cat $scx/state), a task that ran goes on"
  wait $hog

  start /export
  echo S > /proc/sysrq-trigger
  wait $pid
  code=$?
  check sysrq '[ $code = 0 ] && [ "$(cat $scx/state)" = disabled ] && grep -q sysrq /tmp/loader.err' "exit code $code, $(last_error)"
fi

if wants model; then
  start /export --json --stats 0.2
  simsched-guest wake 6 1000 > /dev/null
  cp /model2.bin /export/model.bin
  kill -HUP $pid
  simsched-guest wake 6 1000 > /dev/null
  echo garbage > /export/model.bin
  kill -HUP $pid
  simsched-guest wake 6 500 > /dev/null
  check model_refused 'grep -q "error" /tmp/loader.err && kill -0 $pid && [ "$(cat $scx/state)" = enabled ]' "$(grep error /tmp/loader.err)"
  stop
  check model_unload '[ $code = 0 ]' "exit code $code"
  cp /tmp/loader.out /out/model.json
fi

if wants log; then
  start /export --json --decisions /out/decisions
  n=0
  while [ $(($(stat -c %s /out/decisions) / 88)) -lt 105000 ] && [ $n -lt 20 ]; do
    simsched-guest wake 16 2500 > /dev/null
    simsched-guest build 32 12 2 > /dev/null
    n=$((n + 1))
  done
  stop
  check decisions '[ $code = 0 ]' "$(($(stat -c %s /out/decisions) / 88)) records, exit code $code"
  cp /tmp/loader.out /out/decisions.json
fi

# The same work twice, in two boots: with a clock that counts instructions the two logs are the same bytes.
if wants repeat; then
  start /export --decisions /out/repeat
  simsched-guest wake 6 400 > /dev/null
  simsched-guest build 16 8 2 > /dev/null
  stop
  check repeat '[ $code = 0 ]' "$(($(stat -c %s /out/repeat) / 88)) decisions"
fi

if wants trace; then
  tracing=/sys/kernel/tracing
  echo 8192 > $tracing/buffer_size_kb
  echo mono > $tracing/trace_clock
  for event in sched_switch sched_waking sched_wakeup sched_wakeup_new sched_migrate_task sched_process_fork \
    sched_process_exec sched_process_exit; do
    echo 1 > $tracing/events/sched/$event/enable
  done
  start /export
  echo 1 > $tracing/tracing_on
  simsched-guest build 48 12 4 > /tmp/build
  echo 0 > $tracing/tracing_on
  cat $tracing/trace > /out/trace.txt
  check trace 'grep -q sched_switch /out/trace.txt' "$(wc -l < /out/trace.txt) lines, $(cat /tmp/build)"
  stop
fi

if wants bad; then
  start /bad/stall
  cp /bin/simsched-guest /tmp/stallme
  /tmp/stallme nap 100 &
  wait $pid
  code=$?
  check stall '[ $code = 42 ] && grep -q "runnable task stall" /tmp/loader.err && [ "$(cat $scx/state)" = disabled ]' "exit code $code, $(grep ended /tmp/loader.err)"
  wait

  start /bad/unknown_dsq
  /tmp/stallme nap 100 &
  wait $pid
  code=$?
  check unknown_dsq '[ $code = 43 ] && grep -q "non-existent DSQ" /tmp/loader.err && [ "$(cat $scx/state)" = disabled ]' "exit code $code, $(grep ended /tmp/loader.err)"
  wait

  /bad/mit/simsched-loader > /tmp/mit 2>&1
  code=$?
  check licence '[ $code = 2 ] && [ "$(wc -l < /tmp/mit)" = 1 ] && [ "$(cat $scx/state)" = disabled ]' "exit code $code, $(cat /tmp/mit)"

  build=$(simsched-guest build 16 8 1)
  check healthy_after '! simsched-guest ext && [ "$build" = "jobs=16 ext=0" ]' "$build"
fi

check no_oops '! dmesg | grep -qE "Oops|BUG:|general protection|Call Trace:.*sched_ext"' "$(dmesg | grep -cE 'sched_ext: BPF scheduler') messages of sched_ext"
echo done
