/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the two halves of scx_gate, and those who train models for it, agree on: the inputs of its model and their
 * ranges. Included by gate.bpf.c and by C++.
 */
#ifndef SIMSCHED_GATE_H
#define SIMSCHED_GATE_H

enum { GATE_MAX_CPUS = 1024 };

/* A waking task, the CPU it ran on last (prev) and the CPU it is woken on (waker). Times and weights are logarithms,
 * gate_log() of them: eight steps to a factor of two. */
enum gate_input {
  /* the task */
  GATE_WEIGHT, /* log; nice 0 is 100 */
  GATE_RUN,    /* log of ns that it runs from waking up to blocking, on average */
  GATE_SLEEP,  /* log of ns that it then blocks, on average */
  GATE_COLD,   /* log of ns since it last ran: the longer, the less of it prev's caches hold */
  GATE_LAG,    /* log of ns of virtual time that it is behind the queue; 0: it is not */
  /* load */
  GATE_PREV_QUEUE,   /* tasks that wait at prev */
  GATE_WAKER_QUEUE,  /* ... at the waker's CPU */
  GATE_SHARED_QUEUE, /* ... in the queue of all */
  GATE_IDLE,         /* idle CPUs, of 256 */
  /* place */
  GATE_PREV_IDLE,      /* prev is idle */
  GATE_PREV_CORE_IDLE, /* ... and its whole core */
  GATE_DISTANCE,       /* from waker to prev: 0 the same CPU, 1 the same last-level cache, 2 the same node, 3 farther */
  GATE_ALLOWED,        /* log of the number of CPUs that it may use */
  /* what happened */
  GATE_SYNC, /* the waker is about to block */
  GATE_FORK, /* the task is new */
  GATE_NR_INPUTS,
};

/* Of each input, the range that matters: 1 us to 100 ms of running, 1 us to 17 s of sleeping, ... */
#define GATE_INPUT_LO { 0, 80, 80, 80, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
#define GATE_INPUT_HI { 106, 216, 272, 272, 216, 8, 8, 64, 256, 1, 1, 3, 80, 1, 1 }

#endif
