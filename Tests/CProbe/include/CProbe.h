#pragma once

// What code might try that a hostile picture has smuggled into a codec.

// Makes the attempt of this name: 0 when it was let through, or the errno value with which it was refused; -1 when
// there is no such attempt. Does not return where the attempt ends the process.
int cprobe_attempt(const char *name);

// The same in a thread that cprobe_start_thread has started.
int cprobe_attempt_in_thread(const char *name);
void cprobe_start_thread(void);

// Every process that this one starts from here on finds a kernel that answers ENOSYS to this system call, as under a
// container runtime's filter. 0, or an errno value.
int cprobe_hide_call(int number);
extern const int cprobe_landlock_call;
extern const int cprobe_seccomp_call;
