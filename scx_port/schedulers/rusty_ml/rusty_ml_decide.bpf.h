/* SPDX-License-Identifier: GPL-2.0-only
 * rusty_ml: what is decided beside what scx_rusty decides, as pure functions of their inputs. Part of rusty_ml.bpf.c;
 * the rules are those of rusty_ml_rules.h.
 */
enum {
  ML_ASK = 32, /* all inputs, four in a word, and behind them the slot of a model -> its answer */
  ML_DENY,     /* task, number of the decision, share -> answer */
  ML_WARM,     /* time since it ran, limit -> answer */
  ML_CHOOSE,   /* answers -> which one, or to stay, or neither */
  ML_ROOM,     /* may it run there, tasks that wait there, limit -> may it wait there */
  ML_OVERDUE,  /* how long it waits, tasks that wait with it, limit, limit of a lone one -> it waits no longer */
  ML_TOKENS,   /* now, last move, residency, bucket, period, burst -> may it move */
  ML_EARLIER,  /* two deadlines -> is the first one not the later one */
};

/* Inputs in words are inputs in a row: BPF programs are little-endian. A compiler takes the two for different memory:
 * who wrote the row wrote it before this, and the slot behind it is read as a word. */
static __always_inline u64 answer_of_model(const u64 *in) {
  struct model_answer answer;
  u32 slot;

  asm volatile("" ::: "memory");
  slot = in[MLP_INPUTS / 4] >> MLP_INPUTS % 4 * 16;
  if (model_outside((const u16 *)in, slot) > MAX_OUTSIDE) {
    ML_COUNT(outside);
    return answer_of(MLP_UNSURE, 0);
  }
  answer = model_ask_slot((const u16 *)in, slot);
  return answer_of(answer.verdict, answer.logit);
}

static __noinline u64 ml_decide(u32 kind, const u64 *in) {
  switch (kind) {
    case ML_DENY:
      return denied(in[0], in[1], in[2]) ? answer_of(MLP_STAY, -1) : answer_of(MLP_UNSURE, 0);
    case ML_WARM:
      return in[0] < in[1] ? answer_of(MLP_STAY, -1) : answer_of(MLP_UNSURE, 0);
    case ML_CHOOSE:
      return choose(in);
    case ML_ROOM:
      return room_to_stay(in[0], in[1], in[2]);
    case ML_OVERDUE:
      return overdue(in[0], in[1], in[2], in[3]);
    case ML_TOKENS:
      return may_move(in[0], in[1], in[2], in[3], in[4], in[5]);
    case ML_EARLIER:
      return !time_after(in[0], in[1]);
  }
  return 0;
}

static __always_inline u64 rusty_ml_decide(u32 kind, const u64 *in) {
  if (kind == ML_ASK) return answer_of_model(in);
  return kind < ML_ASK ? rusty_decide(kind, in) : ml_decide(kind, in);
}
DECISIONS(rusty_ml_decide)
