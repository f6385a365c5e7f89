#pragma once

// What Glibc's Swift overlay cannot call (variadic fcntl and prctl, CMSG macros) or what must happen between fork and
// exec. Every function returns a negated errno value on failure, so that no caller depends on errno surviving.

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// -- Memory.c: memory that has a descriptor, and can be frozen.

// A new, empty memory file, close-on-exec, not yet sealed. The name only shows in /proc.
int csandbox_memory_create(const char *name);

// Freezes size and content for every holder of the memory, for good. -EBUSY while somebody maps it writable.
int csandbox_memory_seal(int memory);

// Gives whole pages of a memory file back to the system; they read as zeros from then on, and the file keeps its size.
int csandbox_memory_drop(int memory, uint64_t offset, uint64_t count);

// 1: size and content can change no more; 0: they can; negative: it is no such memory at all.
int csandbox_memory_is_sealed(int memory);

// The size of the file in bytes.
int64_t csandbox_memory_size(int memory);

// -- LargePages.c: the same, in larger pieces.

// An empty memory file whose pages may be larger than the system's smallest, where everybody can have one: in a tmpfs
// of its own (huge=within_size, tmpfs(5)), mounted nowhere, by a child in a user namespace, which is gone when this
// returns. A write that extends the file gets pages as large as the write has room for (Linux 6.14), one into a whole
// large page below the file's end gets that page. It cannot be sealed.
// To be called before the process becomes one that cannot be dumped: the child's user could not be mapped then.
// -EPERM, -EACCES, -ENOSPC, -EUSERS: no user namespaces here; -EINVAL: no large pages in a tmpfs; -ETIMEDOUT: the
// child said nothing for two seconds, and was killed.
int csandbox_memory_create_large(void);

// -- Datagram.c: whole messages between two processes, each with at most one descriptor.

// Two connected SOCK_SEQPACKET sockets, close-on-exec.
int csandbox_socket_pair(int ends[2]);

// 1 when `descriptor` is a SOCK_SEQPACKET socket, 0 when it is anything else or not open.
int csandbox_is_packet_socket(int descriptor);

// Sends one datagram without waiting, with `descriptor` unless that is -1. Never raises SIGPIPE.
int csandbox_send(int socket, const void *bytes, size_t count, int descriptor);

// Waits for one datagram; returns its length, or 0 once the peer has closed. `*descriptor` becomes the close-on-exec
// descriptor that came with it, which the caller owns, or -1.
// -EMSGSIZE: longer than `capacity`. -EPROTO: it brought more than one descriptor. Nothing stays open after either.
ssize_t csandbox_receive(int socket, void *buffer, size_t capacity, int *descriptor);

// Waits until `socket` can be read or its peer is gone: 1; 0 when `milliseconds` pass first (0 only looks).
int csandbox_wait_readable(int socket, int milliseconds);

// -- Process.c: a child that gets nothing of ours but one socket.

// The number under which the child finds its socket.
enum { csandbox_child_socket = 3 };

// Starts `path` with `socket` as csandbox_child_socket, /dev/null as input and output, our standard error, no other
// descriptor, default signal dispositions, a process group of its own and next to no environment.
int csandbox_spawn(const char *path, char *const arguments[], int socket, pid_t *child);

// 0: still running; 1: it has ended, was reaped with all that is left of its group, and `*status` is its wait status.
int csandbox_reap(pid_t child, int *status);

// Waits until the child has ended, without reaping it: 1; 0 when `milliseconds` pass first (0 only looks).
int csandbox_wait_for_end(pid_t child, int milliseconds);

// SIGKILL to the child's whole process group, then waits for the child.
int csandbox_kill_and_reap(pid_t child, int *status);

// The exit code of a wait status (0 ... 255), or the negated number of the signal that ended the process.
int csandbox_exit_code(int status);

// -- Limits.c: what a child gives up for good before it sees the first hostile byte.

// `address_space` in bytes; 0 leaves it as it is. `cpu_seconds` of all threads, from the start of the process; 0 leaves
// it as it is. No core dump.
int csandbox_limit(uint64_t address_space, uint64_t descriptors, uint64_t cpu_seconds);

// Free memory that the heap keeps goes back to the system.
void csandbox_give_memory_back(void);

// This thread and those it starts give way to others when processors are short, by nice(2)'s levels.
int csandbox_give_way(int nice_level);

// Asks the scheduler for slices of this length, 0.1 to 100 ms, for this thread and those it starts. Since Linux 6.12
// whoever has shorter ones is let on to the processor the moment it wakes, where it would else have to wait for the end
// of the other's slice, which without high-resolution ticks is up to 4 ms off; the shares of both stay as they are.
// Older kernels do not look at it, and not being heard is no failure: this is for promptness, nobody's safety.
void csandbox_run_in_slices(uint64_t nanoseconds);

// No dump of this process's memory: no backtrace by a signal handler (Swift's has what lies at each register's
// address), no core dump, by the kernel or by a handler that it starts (core(5): a handler ignores RLIMIT_CORE, but not
// that a process is not dumpable), and no ptrace by other processes of the same user. Undone by exec.
int csandbox_keep_memory_private(void);

// From here on SIGTERM, SIGINT and SIGHUP do nothing: whoever stops a whole service sends them to its workers as well,
// whose jobs are the parent's to end.
void csandbox_ignore_stop_signals(void);

// No core dump, no ptrace by our other processes, no gain of privileges by exec; SIGKILL when the starting thread ends.
// -ESRCH when the process that started us is not `parent` any more.
int csandbox_give_up_privileges(pid_t parent);
