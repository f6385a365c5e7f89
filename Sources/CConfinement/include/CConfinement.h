#pragma once

// How a process gives up everything but computing, for good: Landlock (no file, no network) and seccomp (no other
// system call). Part of the programs that decode pictures alone: it is what links libseccomp, which the service does
// not need.
//
// Every function returns 0 or a negated errno value. Why each rule is as it is: docs/decisions/0012.

// -- Landlock.c

// The version of the kernel's Landlock, 1 or more. -ENOSYS: not built in, or hidden by a filter that the process was
// started under; -EOPNOTSUPP: switched off at boot.
int cconfinement_landlock_version(void);

// From here on no thread of the process opens, makes, removes or lists any file, runs any program, binds or connects
// a TCP socket, or reaches a process outside by a signal or an abstract socket, as far as the kernel's version knows
// these rights. -ETIMEDOUT: a thread does not take part, because it blocks all signals.
int cconfinement_enter_landlock(void);

// -- Threads.c

// Runs `action` once in every thread of the process, also in those that start meanwhile. It is called inside a signal
// handler. The first error of any thread, if there is one; -ETIMEDOUT when a thread does not get round to it.
int cconfinement_in_every_thread(int (*action)(void));

// -- Seccomp.c

// From here on every thread of the process may make the system calls of the list, and no other. `socket` is the one
// descriptor on which messages may be sent and received.
int cconfinement_enter_seccomp(int socket);

// -- SelfTest.c: what must fail inside does fail. Costs a few microseconds.

// 0: `open` is refused by Landlock alone (EACCES). -EBADE: it is not.
int cconfinement_test_landlock(void);

// 0: opening a file, memory that can be run, and a process by clone3 are refused as Seccomp.c says. -EBADE: one is not.
int cconfinement_test_seccomp(void);
