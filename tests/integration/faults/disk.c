/*
 * A disk that may lose its power, or take no more writes, between a program and its files. It is loaded before libc.
 *
 * GROUPCAST_DISK names a file; it and the one of the same name with "-wal" behind it are on this disk. Writes to them are
 * noted until fsync or fdatasync. What the disk really has is in a file of the same name with ".durable" behind it.
 *
 * SIGUSR2: after some more operations, how many follows from the seed in GROUPCAST_DISK_SEED, the power is lost. Of what
 * was not synced nothing, a part or all comes to the disk, each write by itself, and some writes only in part, to a
 * border of 512 bytes. Then the process is killed.
 *
 * SIGUSR1: from now on the files can only be read, or no more so; as a file system does that has met an error.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { SECTOR = 512, FDS = 4096, OPERATIONS_MAX = 1024 };

struct operation {
    struct operation *next;
    int is_truncation;
    off_t at;
    size_t length;
    char bytes[];
};

struct file {
    char path[4096];
    int durable;
    struct operation *first, **end;
};

static struct file files[2];
static struct file *of[FDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile sig_atomic_t is_dying, is_read_only;
static uint64_t seed;
static unsigned left;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static unsigned random_below(unsigned end) {
    /* xorshift64* */
    seed ^= seed >> 12, seed ^= seed << 25, seed ^= seed >> 27;
    return (unsigned)((seed * 0x2545F4914F6CDD1DULL) >> 33) % end;
}

static void on_signal(int signal) {
    if (signal == SIGUSR2)
        is_dying = 1;
    else
        is_read_only = !is_read_only;
}

__attribute__((constructor)) static void start(void) {
    const char *name = getenv("GROUPCAST_DISK"), *number = getenv("GROUPCAST_DISK_SEED");
    if (!name)
        return;
    snprintf(files[0].path, sizeof files[0].path, "%s", name);
    snprintf(files[1].path, sizeof files[1].path, "%s-wal", name);
    for (int i = 0; i < 2; i++)
        files[i].durable = -1, files[i].end = &files[i].first;
    seed = (number ? strtoull(number, NULL, 10) : 0) * 0x9E3779B97F4A7C15ULL + 1;
    random_below(1);
    left = 1 + random_below(1 + random_below(OPERATIONS_MAX));
    signal(SIGUSR1, on_signal);
    signal(SIGUSR2, on_signal);
}

static void apply(struct file *file, const struct operation *one, size_t from, size_t to) {
    if (one->is_truncation)
        REAL(ftruncate64)(file->durable, one->at);
    else if (REAL(pwrite64)(file->durable, one->bytes + from, to - from, one->at + (off_t)from) < 0)
        abort();
}

static void forget(struct file *file) {
    for (struct operation *one = file->first, *next; one; one = next)
        next = one->next, free(one);
    file->first = NULL, file->end = &file->first;
}

/* Half of what has not been synced is lost, or all, or none. */
static void lose_power(void) {
    unsigned kept = random_below(5) * 25;
    for (int i = 0; i < 2; i++)
        for (struct operation *one = files[i].first; one; one = one->next) {
            if (random_below(100) >= kept)
                continue;
            size_t from = 0, to = one->length;
            if (random_below(8) == 0 && to > SECTOR) {
                size_t border = SECTOR * (1 + random_below((unsigned)((to - 1) / SECTOR)));
                if (random_below(2))
                    to = border;
                else
                    from = border;
            }
            apply(&files[i], one, from, to);
        }
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* The file of a descriptor, with the lock taken, if it is on this disk. */
static struct file *take(int fd) {
    struct file *file = fd >= 0 && fd < FDS ? of[fd] : NULL;
    if (!file)
        return NULL;
    pthread_mutex_lock(&lock);
    if (is_dying && --left == 0)
        lose_power();
    return file;
}

static void note(struct file *file, int is_truncation, off_t at, const void *bytes, size_t length) {
    struct operation *one = malloc(sizeof *one + length);
    if (!one)
        abort();
    *one = (struct operation){.is_truncation = is_truncation, .at = at, .length = length};
    if (length)
        memcpy(one->bytes, bytes, length);
    *file->end = one, file->end = &one->next;
}

static int opened(const char *path, int fd) {
    for (int i = 0; fd >= 0 && fd < FDS && i < 2; i++) {
        struct file *file = &files[i];
        if (strcmp(path, file->path) != 0)
            continue;
        pthread_mutex_lock(&lock);
        if (file->durable < 0) {
            /* What is there when the program begins is on the disk. */
            char name[4200], buffer[65536];
            snprintf(name, sizeof name, "%s.durable", path);
            file->durable = REAL(open64)(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
            int source = REAL(open64)(path, O_RDONLY | O_CLOEXEC);
            for (ssize_t length; (length = read(source, buffer, sizeof buffer)) > 0;)
                if (REAL(write)(file->durable, buffer, (size_t)length) != length)
                    abort();
            REAL(close)(source);
        }
        of[fd] = file;
        pthread_mutex_unlock(&lock);
    }
    return fd;
}

static int is_on_disk(const char *path) {
    return files[0].path[0] && (strcmp(path, files[0].path) == 0 || strcmp(path, files[1].path) == 0);
}

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                                        \
        va_end(rest);                                                                                                  \
        if (is_read_only && (flags & O_ACCMODE) != O_RDONLY && is_on_disk(path))                                       \
            return errno = EROFS, -1;                                                                                  \
        return opened(path, REAL(name)(path, flags, mode));                                                            \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    if (fd >= 0 && fd < FDS)
        of[fd] = NULL;
    return REAL(close)(fd);
}

int unlink(const char *path) {
    for (int i = 0; i < 2; i++)
        if (files[i].durable >= 0 && strcmp(path, files[i].path) == 0) {
            pthread_mutex_lock(&lock);
            forget(&files[i]);
            REAL(ftruncate64)(files[i].durable, 0);
            pthread_mutex_unlock(&lock);
        }
    return REAL(unlink)(path);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    struct file *file = take(fd);
    if (!file)
        return REAL(pwrite64)(fd, bytes, length, at);
    ssize_t written = -1;
    if (is_read_only)
        errno = EROFS;
    else
        written = REAL(pwrite64)(fd, bytes, length, at);
    int error = errno;
    if (written > 0)
        note(file, 0, at, bytes, (size_t)written);
    pthread_mutex_unlock(&lock);
    errno = error;
    return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    return pwrite64(fd, bytes, length, at);
}

/* Files are written to at places alone; a write without one would be missed. */
ssize_t write(int fd, const void *bytes, size_t length) {
    if (fd >= 0 && fd < FDS && of[fd])
        abort();
    return REAL(write)(fd, bytes, length);
}

int ftruncate64(int fd, off64_t length) {
    struct file *file = take(fd);
    if (!file)
        return REAL(ftruncate64)(fd, length);
    int done = -1;
    if (is_read_only)
        errno = EROFS;
    else
        done = REAL(ftruncate64)(fd, length);
    int error = errno;
    if (done == 0)
        note(file, 1, length, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int ftruncate(int fd, off_t length) {
    return ftruncate64(fd, length);
}

static int synced(struct file *file) {
    for (struct operation *one = file->first; one; one = one->next)
        apply(file, one, 0, one->length);
    forget(file);
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int fd) {
    struct file *file = take(fd);
    return file ? synced(file) : REAL(fsync)(fd);
}

int fdatasync(int fd) {
    struct file *file = take(fd);
    return file ? synced(file) : REAL(fdatasync)(fd);
}
