// The floor of the upload rate: a program that only makes files durable and commits rows, as much at once as it can.
//
// Usage: plain_writes FOLDER BYTES THREADS SECONDS
//
// Each thread, over and over: an unnamed file of BYTES in one of 256 folders, fsync, a name by linkat, fsync of the
// folder, then three rows, and it waits until those are committed. One more thread commits whatever rows wait, in one
// transaction (SQLite, WAL, synchronous=FULL). Prints files a second, rows' transactions, and the microseconds of CPU.

#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FOLDERS = 256, ID_BYTES = 16, BATCH_MAX = 64 };

typedef struct Waiting {
    unsigned char id[ID_BYTES];
    bool committed;
    struct Waiting *next;
} Waiting;

static const char *folder;
static size_t bytes;
// No file is begun any more.
static atomic_bool over;
// No row will come any more; guarded by the mutex.
static bool all_written;
static atomic_long files;
static long transactions;
static sqlite3 *database;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t has_rows = PTHREAD_COND_INITIALIZER;
static pthread_cond_t has_committed = PTHREAD_COND_INITIALIZER;
static Waiting *queue;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void run_sql(const char *sql) {
    char *message = NULL;
    if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK) {
        fprintf(stderr, "plain_writes: %s: %s\n", sql, message);
        exit(1);
    }
}

static void open_database(void) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/rows.sqlite", folder);
    if (sqlite3_open(path, &database) != SQLITE_OK) die(path);
    run_sql("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE IF NOT EXISTS blobs (id BLOB PRIMARY KEY, about TEXT) WITHOUT ROWID;"
            "CREATE TABLE IF NOT EXISTS assets (id BLOB PRIMARY KEY, about TEXT) WITHOUT ROWID;"
            "CREATE TABLE IF NOT EXISTS versions (id BLOB PRIMARY KEY, about TEXT) WITHOUT ROWID;");
}

static void insert(sqlite3_stmt *statement, const unsigned char *id) {
    sqlite3_bind_blob(statement, 1, id, ID_BYTES, SQLITE_STATIC);
    if (sqlite3_step(statement) != SQLITE_DONE) {
        fprintf(stderr, "plain_writes: %s\n", sqlite3_errmsg(database));
        exit(1);
    }
    sqlite3_reset(statement);
}

static Waiting *next_batch(void) {
    pthread_mutex_lock(&mutex);
    while (!queue && !all_written) pthread_cond_wait(&has_rows, &mutex);
    Waiting *batch = queue, *last = batch;
    for (int count = 1; last && last->next && count < BATCH_MAX; count++) last = last->next;
    queue = last ? last->next : NULL;
    if (last) last->next = NULL;
    pthread_mutex_unlock(&mutex);
    return batch;
}

static void *commit_rows(void *unused) {
    (void)unused;
    static const char *const tables[] = {"blobs", "assets", "versions"};
    sqlite3_stmt *statements[3];
    for (int table = 0; table < 3; table++) {
        char sql[512];
        snprintf(sql, sizeof sql, "INSERT INTO %s VALUES (?, '%0200d')", tables[table], 0);
        if (sqlite3_prepare_v2(database, sql, -1, &statements[table], NULL) != SQLITE_OK) die("prepare");
    }
    for (Waiting *batch; (batch = next_batch());) {
        run_sql("BEGIN IMMEDIATE");
        for (Waiting *row = batch; row; row = row->next)
            for (int table = 0; table < 3; table++) insert(statements[table], row->id);
        run_sql("COMMIT");
        transactions++;
        pthread_mutex_lock(&mutex);
        // What waits lives on the stack of its thread, which goes on as soon as it is told.
        for (Waiting *row = batch, *next; row; row = next) next = row->next, row->committed = true;
        pthread_cond_broadcast(&has_committed);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void commit(Waiting *row) {
    pthread_mutex_lock(&mutex);
    row->next = queue;
    queue = row;
    pthread_cond_signal(&has_rows);
    while (!row->committed) pthread_cond_wait(&has_committed, &mutex);
    pthread_mutex_unlock(&mutex);
}

static void publish(const unsigned char *content, const unsigned char *id) {
    char shard[PATH_MAX - 64], path[PATH_MAX], unnamed[64];
    snprintf(shard, sizeof shard, "%s/%02x", folder, id[0]);
    int length = snprintf(path, sizeof path, "%s/", shard);
    for (int at = 0; at < ID_BYTES; at++) length += snprintf(path + length, sizeof path - length, "%02x", id[at]);
    const int file = open(shard, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) die(shard);
    if (write(file, content, bytes) != (ssize_t)bytes) die("write");
    if (fsync(file)) die("fsync");
    snprintf(unnamed, sizeof unnamed, "/proc/self/fd/%d", file);
    if (linkat(AT_FDCWD, unnamed, AT_FDCWD, path, AT_SYMLINK_FOLLOW)) die("linkat");
    close(file);
    const int directory = open(shard, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || fsync(directory)) die(shard);
    close(directory);
}

static void *write_files(void *content) {
    while (!over) {
        Waiting row = {.committed = false};
        if (getrandom(row.id, ID_BYTES, 0) != ID_BYTES) die("getrandom");
        publish(content, row.id);
        commit(&row);
        files++;
    }
    return NULL;
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
    if (count != 5) {
        fprintf(stderr, "usage: plain_writes FOLDER BYTES THREADS SECONDS\n");
        return 2;
    }
    folder = arguments[1];
    bytes = strtoul(arguments[2], NULL, 10);
    const int threads = atoi(arguments[3]);
    for (int shard = 0; shard < FOLDERS; shard++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%02x", folder, shard);
        mkdir(path, 0700);
    }
    open_database();
    unsigned char *content = malloc(bytes);
    if (!content) die("malloc");
    for (size_t at = 0; at < bytes; at++) content[at] = (unsigned char)rand();

    pthread_t committer, writers[threads];
    const double began = seconds_now();
    pthread_create(&committer, NULL, commit_rows, NULL);
    for (int each = 0; each < threads; each++) pthread_create(&writers[each], NULL, write_files, content);
    sleep((unsigned)atoi(arguments[4]));
    over = true;
    for (int each = 0; each < threads; each++) pthread_join(writers[each], NULL);
    const double took = seconds_now() - began;
    pthread_mutex_lock(&mutex);
    all_written = true;
    pthread_cond_signal(&has_rows);
    pthread_mutex_unlock(&mutex);
    pthread_join(committer, NULL);

    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    const long long cpu =
        (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    printf("%.1f %ld %ld %lld\n", files / took, (long)files, transactions, cpu);
    sqlite3_close(database);
    return 0;
}
