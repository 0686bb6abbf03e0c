/* Loaded before the C library by the benches: sets the clock of one program and makes its disk fail.

   A control file of 16 bytes, mapped into every process, holds by how many microseconds the clock is
   wrong, and how often reading below one folder fails with EIO (0 never, 1 always). Waiting does not
   change: only the clock that people can set is set here. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
    volatile int64_t clock_offset_us;
    volatile double failure_rate;
};

static struct control untouched;
static struct control *control = &untouched;
static const char *folder;

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("BENCH_FAULT_CONTROL");
    folder = getenv("BENCH_FAULT_FOLDER");
    int descriptor = file ? (int)syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC, 0) : -1;
    if (descriptor < 0)
        return;
    void *mapped = mmap(NULL, sizeof *control, PROT_READ, MAP_SHARED, descriptor, 0);
    if (mapped != MAP_FAILED)
        control = mapped;
    close(descriptor);
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) \
        real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static void shift(struct timespec *at, int64_t by_us) {
    int64_t nanoseconds = at->tv_nsec + by_us % 1000000 * 1000;
    at->tv_sec += by_us / 1000000;
    if (nanoseconds < 0 || nanoseconds >= 1000000000) {
        at->tv_sec += nanoseconds < 0 ? -1 : 1;
        nanoseconds += nanoseconds < 0 ? 1000000000 : -1000000000;
    }
    at->tv_nsec = nanoseconds;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    int result = (int)syscall(SYS_clock_gettime, clock, at);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        shift(at, control->clock_offset_us);
    return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

/* The kernel knows nothing of our clock. */
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    REAL(sem_timedwait);
    struct timespec shifted = *until;
    shift(&shifted, -control->clock_offset_us);
    return real(semaphore, &shifted);
}

static int fails(void) {
    static __thread unsigned seed;
    if (!seed)
        seed = (unsigned)syscall(SYS_gettid) * 2654435761u ^ (unsigned)(uintptr_t)&seed;
    if ((double)rand_r(&seed) / RAND_MAX >= control->failure_rate)
        return 0;
    errno = EIO;
    return 1;
}

static int is_below(const char *path) {
    size_t length = folder ? strlen(folder) : 0;
    return length && path && strncmp(path, folder, length) == 0
           && (path[length] == '/' || path[length] == 0);
}

static int path_fails(const char *path, int flags) {
    return control->failure_rate > 0 && (flags & O_ACCMODE) == O_RDONLY && is_below(path) && fails();
}

static int descriptor_fails(int descriptor) {
    char link[64], path[PATH_MAX];
    if (control->failure_rate <= 0)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return is_below(path) && fails();
}

#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        return path_fails(path, flags) ? -1 : real(path, flags, mode); \
    }
#define OPENS_AT(name) \
    int name(int at, const char *path, int flags, ...) { \
        REAL(name); \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        return path_fails(path, flags) ? -1 : real(at, path, flags, mode); \
    }
#define OPENS_STREAM(name) \
    FILE *name(const char *restrict path, const char *restrict mode) { \
        REAL(name); \
        return path_fails(path, mode[0] == 'r' ? O_RDONLY : O_WRONLY) ? NULL : real(path, mode); \
    }
OPENS(open)
OPENS(open64)
OPENS_AT(openat)
OPENS_AT(openat64)
OPENS_STREAM(fopen)
OPENS_STREAM(fopen64)

DIR *opendir(const char *path) {
    REAL(opendir);
    return path_fails(path, O_RDONLY) ? NULL : real(path);
}

ssize_t read(int descriptor, void *buffer, size_t count) {
    REAL(read);
    return descriptor_fails(descriptor) ? -1 : real(descriptor, buffer, count);
}

ssize_t pread(int descriptor, void *buffer, size_t count, off_t offset) {
    REAL(pread);
    return descriptor_fails(descriptor) ? -1 : real(descriptor, buffer, count, offset);
}

ssize_t pread64(int descriptor, void *buffer, size_t count, off64_t offset) {
    REAL(pread64);
    return descriptor_fails(descriptor) ? -1 : real(descriptor, buffer, count, offset);
}

size_t fread(void *restrict buffer, size_t size, size_t count, FILE *restrict stream) {
    REAL(fread);
    return descriptor_fails(fileno(stream)) ? 0 : real(buffer, size, count, stream);
}
