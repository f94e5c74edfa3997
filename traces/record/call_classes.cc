#include <sys/syscall.h>

#include "traces/record/recorder.h"

namespace simsched::record {

std::array<uint8_t, CALL_NUMBERS> call_classes() {
  std::array<uint8_t, CALL_NUMBERS> classes{};
  auto is = [&](long number, call_class what) {
    if (number >= 0 && number < CALL_NUMBERS) classes[static_cast<size_t>(number)] = static_cast<uint8_t>(what);
  };
  is(SYS_read, CALL_READ), is(SYS_write, CALL_WRITE);
  is(SYS_readv, CALL_READV), is(SYS_writev, CALL_WRITEV);
  is(SYS_preadv2, CALL_READV), is(SYS_pwritev2, CALL_WRITEV);
  is(SYS_recvfrom, CALL_RECVFROM), is(SYS_sendto, CALL_SENDTO);
  is(SYS_recvmsg, CALL_RECVMSG), is(SYS_sendmsg, CALL_SENDMSG);
  is(SYS_recvmmsg, CALL_RECVMMSG), is(SYS_sendmmsg, CALL_SENDMMSG);
  is(SYS_sendfile, CALL_SENDFILE), is(SYS_splice, CALL_SPLICE), is(SYS_tee, CALL_TEE), is(SYS_vmsplice, CALL_VMSPLICE);
  is(SYS_ppoll, CALL_POLL), is(SYS_pselect6, CALL_POLL), is(SYS_epoll_pwait, CALL_POLL);
  is(SYS_nanosleep, CALL_SLEEP), is(SYS_clock_nanosleep, CALL_SLEEP);
  is(SYS_kill, CALL_KILL), is(SYS_tkill, CALL_KILL), is(SYS_tgkill, CALL_TGKILL);
  is(SYS_futex, CALL_FUTEX);
  is(SYS_accept, CALL_ACCEPT), is(SYS_accept4, CALL_ACCEPT), is(SYS_connect, CALL_CONNECT);
  is(SYS_shutdown, CALL_SHUTDOWN), is(SYS_close, CALL_CLOSE), is(SYS_dup3, CALL_DUP2);
#ifdef SYS_poll  // the older ones, where the architecture has them
  is(SYS_poll, CALL_POLL), is(SYS_select, CALL_POLL), is(SYS_epoll_wait, CALL_POLL), is(SYS_dup2, CALL_DUP2);
#endif
  // The same numbers everywhere; user space's headers may be older than they are.
  is(426, CALL_URING);        // io_uring_enter
  is(441, CALL_POLL);         // epoll_pwait2
  is(449, CALL_FUTEX_WAITV);  // futex_waitv
  is(454, CALL_FUTEX_WAKE);   // futex_wake
  is(455, CALL_FUTEX_WAIT);   // futex_wait
  return classes;
}

}  // namespace simsched::record
