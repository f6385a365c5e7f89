// A worker that is well most of the time: it stands between mediad and a real mediaworker, passes every message on as
// it is, and now and then crashes, hangs, lies, leaks or forks. It knows nothing of the messages but that a datagram
// from mediad is a job and one to mediad an answer, so that it serves any version of the protocol.
//
// mediad starts it as its worker (`worker.path`), with the pool's socket as descriptor 3 and next to no environment.
// What it is to do stands in the file PROGRAM.plan, which all its processes share and hostile/chaos.py makes: a
// `struct plan`. Jobs are numbered across all processes, and the seed and the number decide what happens to a job: how
// the jobs fall on the workers does not. Of every 1000 jobs exactly as many are disturbed as the plan says.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { pool_socket = 3, datagram_bytes_max = 1 << 20, leak_bytes = 32 << 20, children = 4, block = 1000 };

enum deed { crash, hang, lie, leak, forks, deeds };
enum lie { garbage, cut_short, no_memory, unsealed, spoiled, stale, twice, endless, lies };

// hostile/chaos.py writes and reads the same, by struct.
struct plan {
    char worker[4096];        // the real worker
    uint64_t seed;
    uint64_t share[deeds];    // of each block of jobs, so many
    uint64_t jobs;            // how many there were
    uint64_t done[deeds];     // how often what was done
    uint64_t told[lies];      // of the lies, which
};

struct message {
    char bytes[datagram_bytes_max];
    ssize_t length;
    int memory;  // -1: none
};

static struct plan *plan;
static struct message message, earlier = {.memory = -1};

static void fail(const char *what) {
    dprintf(STDERR_FILENO, "bad_worker: %s: %s\n", what, strerror(errno));
    exit(70);
}

// splitmix64
static uint64_t mixed(uint64_t value) {
    value += 0x9E3779B97F4A7C15;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
    return value ^ (value >> 31);
}

static void receive(int socket) {
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec buffer = {message.bytes, sizeof message.bytes};
    struct msghdr header = {
        .msg_iov = &buffer, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    do message.length = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    while (message.length < 0 && errno == EINTR);
    // The other side is gone: as a worker does, so do we. What the real one died of is not ours to hide.
    if (message.length <= 0) exit(message.length < 0);
    struct cmsghdr *first = CMSG_FIRSTHDR(&header);
    message.memory = -1;
    if (first && first->cmsg_type == SCM_RIGHTS) memcpy(&message.memory, CMSG_DATA(first), sizeof(int));
}

static void send_bytes(int socket, const char *bytes, size_t length, int memory) {
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec buffer = {(char *)bytes, length};
    struct msghdr header = {.msg_iov = &buffer, .msg_iovlen = 1};
    if (memory >= 0) {
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        struct cmsghdr *first = CMSG_FIRSTHDR(&header);
        first->cmsg_level = SOL_SOCKET;
        first->cmsg_type = SCM_RIGHTS;
        first->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(first), &memory, sizeof(int));
    }
    if (sendmsg(socket, &header, MSG_NOSIGNAL) < 0 && errno == EPIPE) exit(0);
}

// A copy of the answer's memory, with its first bytes changed where `is_spoiled`, and sealed where `is_sealed`.
static int copied(int memory, int is_spoiled, int is_sealed) {
    struct stat status;
    if (memory < 0 || fstat(memory, &status) < 0) return -1;
    char *bytes = malloc(status.st_size);
    int copy = memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (!bytes || copy < 0 || pread(memory, bytes, status.st_size, 0) != status.st_size) fail("copy");
    // The head of the first rendition: RIFF, a length, WEBP, the first chunk's name.
    if (is_spoiled) memset(bytes, 'x', status.st_size < 16 ? status.st_size : 16);
    if (write(copy, bytes, status.st_size) != status.st_size) fail("write");
    free(bytes);
    if (is_sealed) fcntl(copy, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    return copy;
}

// Tells something untrue instead of the answer in `message`. Which lie can be told depends on the answer; 0: none was.
static int tell(enum lie lie, uint64_t chance) {
    int has_memory = message.memory >= 0;
    switch (lie) {
    case garbage:
        for (ssize_t at = 0; at < message.length; at++) message.bytes[at] = (char)(chance = mixed(chance));
        send_bytes(pool_socket, message.bytes, message.length, message.memory);
        return 1;
    case cut_short:
        send_bytes(pool_socket, message.bytes, message.length / 2, message.memory);
        return 1;
    case no_memory:
        if (!has_memory) return 0;
        send_bytes(pool_socket, message.bytes, message.length, -1);
        return 1;
    case unsealed:
    case spoiled:
        if (!has_memory) return 0;
        send_bytes(pool_socket, message.bytes, message.length, copied(message.memory, lie == spoiled, lie == spoiled));
        return 1;
    case stale:
        // The answer to an earlier job: well-formed, sealed, and somebody else's picture.
        if (earlier.length <= 0) return 0;
        send_bytes(pool_socket, earlier.bytes, earlier.length, earlier.memory);
        return 1;
    case twice:
        // The second lies in the socket when the next job comes.
        send_bytes(pool_socket, message.bytes, message.length, message.memory);
        send_bytes(pool_socket, message.bytes, message.length, message.memory);
        return 1;
    case endless: {
        static char large[100000];
        memset(large, ' ', sizeof large);
        send_bytes(pool_socket, large, sizeof large, -1);
        return 1;
    }
    default: return 0;
    }
}

static void remember(void) {
    if (earlier.memory >= 0) close(earlier.memory);
    memcpy(earlier.bytes, message.bytes, message.length);
    earlier.length = message.length;
    earlier.memory = message.memory;
}

static void count(uint64_t *counter) { __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED); }

// What is to become of the next job: one of the deeds, or `deeds` for none.
static enum deed decide(uint64_t *chance) {
    uint64_t job = __atomic_add_fetch(&plan->jobs, 1, __ATOMIC_RELAXED);
    *chance = mixed(plan->seed ^ mixed(job));
    // A permutation of the block: times a number prime to 1000, plus another.
    uint64_t key = mixed(plan->seed ^ mixed(~(job / block)));
    uint64_t factor = 10 * (key % 100) + "\1\3\7\11"[key >> 62];
    uint64_t point = (job * factor + (key >> 32)) % block;
    for (int deed = 0; deed < deeds; deed++) {
        if (point < plan->share[deed]) return deed;
        point -= plan->share[deed];
    }
    return deeds;
}

// Tells the lie that was told least so far, of those that can be told of this answer; 0: none can be.
static int tell_any(uint64_t chance) {
    unsigned tried = 0;
    for (int tries = 0; tries < lies; tries++) {
        int rarest = -1;
        for (int each = 0; each < lies; each++)
            if (!(tried & 1U << each) && (rarest < 0 || plan->told[each] < plan->told[rarest])) rarest = each;
        tried |= 1U << rarest;
        if (!tell(rarest, chance)) continue;
        count(&plan->told[rarest]);
        return 1;
    }
    return 0;
}

static void grow(void) {
    // Held by a chain, or a compiler may leave out memory that nobody looks at again.
    static char *volatile last;
    char *memory = malloc(leak_bytes);
    if (!memory) return;
    memset(memory, 1, leak_bytes);
    memcpy(memory, (char *)&last, sizeof last);
    last = memory;
}

// Children that hold all we hold, the pool's socket included, and wait for ever.
static void multiply(void) {
    for (int child = 0; child < children; child++) {
        if (fork() == 0)
            while (1) pause();
    }
}

// One job, from the pool's datagram in `message` to the answer.
static void serve(int inner) {
    uint64_t chance;
    enum deed deed = decide(&chance);
    chance = mixed(chance);
    if (deed == crash || deed == hang || deed == leak || deed == forks) count(&plan->done[deed]);
    if (deed == leak) grow();
    if (deed == forks) multiply();
    send_bytes(inner, message.bytes, message.length, message.memory);
    if (message.memory >= 0) close(message.memory);
    if (deed == crash) {
        // Somewhere in the middle of the work.
        usleep(chance % 30000);
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
    }
    if (deed == hang)
        while (1) pause();
    receive(inner);
    if (deed == lie && tell_any(chance)) count(&plan->done[lie]);
    else send_bytes(pool_socket, message.bytes, message.length, message.memory);
    remember();
}

static void map_plan(void) {
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof ".plan");
    if (length < 0) fail("/proc/self/exe");
    strcpy(path + length, ".plan");
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) fail(path);
    plan = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (plan == MAP_FAILED) fail("mmap");
    close(file);
}

// Starts the real worker with our arguments, but as its parent, and with the other end of `inner` as its descriptor 3.
static void start(int argc, char **argv, int *inner) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) fail("socketpair");
    char parent[32];
    snprintf(parent, sizeof parent, "parent=%d", getpid());
    for (int at = 1; at < argc; at++)
        if (strncmp(argv[at], "parent=", 7) == 0) argv[at] = parent;
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (dup2(ends[1], pool_socket) < 0) fail("dup2");
        close_range(pool_socket + 1, ~0U, 0);
        execv(plan->worker, argv);
        fail(plan->worker);
    }
    close(ends[1]);
    *inner = ends[0];
}

int main(int argc, char **argv) {
    int inner;
    // As mediad's own workers: it is the pool that ends them.
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    map_plan();
    start(argc, argv, &inner);
    while (1) {
        struct pollfd sockets[2] = {{pool_socket, POLLIN, 0}, {inner, POLLIN, 0}};
        if (poll(sockets, 2, -1) < 0) continue;
        if (sockets[1].revents) {
            // Hello, before the first job; or the end of the real worker.
            receive(inner);
            send_bytes(pool_socket, message.bytes, message.length, message.memory);
        }
        if (sockets[0].revents) {
            receive(pool_socket);
            serve(inner);
        }
    }
}
