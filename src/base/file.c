/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SETTLED ((int64_t)2000000000) /* ns: more than what clocks of file systems leave undistinguished */

static int64_t nanoseconds(struct timespec time) { return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec; }

static file_identity identity_of(const struct stat *status) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const file_identity identity = {.device = status->st_dev,
                                    .inode = status->st_ino,
                                    .size = (uint64_t)status->st_size,
                                    .modified = nanoseconds(status->st_mtim),
                                    .changed = nanoseconds(status->st_ctim),
                                    .known = nanoseconds(now) - nanoseconds(status->st_ctim) > SETTLED};
    return identity;
}

static mica_status map(int descriptor, struct file *file, mica_error *error) {
    static const uint8_t nothing[1] __attribute__((aligned(64)));
    struct stat status;
    if (fstat(descriptor, &status) != 0) return error_set(error, MICA_ERROR_IO, "cannot be read: %m");
    if (!S_ISREG(status.st_mode)) return error_set(error, MICA_ERROR_IO, "is not a regular file");
    if (status.st_size == 0) { /* which cannot be mapped */
        *file = (struct file){.data = nothing};
        return MICA_OK;
    }
    void *const data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (data == MAP_FAILED) return error_set(error, MICA_ERROR_IO, "cannot be mapped: %m");
    *file = (struct file){data, (size_t)status.st_size, identity_of(&status)};
    return MICA_OK;
}

mica_status file_map(const char *path, struct file *file, mica_error *error) {
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer must not hang */
    if (descriptor < 0) return error_set(error, MICA_ERROR_IO, "cannot be opened: %m");
    const mica_status status = map(descriptor, file, error);
    close(descriptor);
    return status;
}

void file_unmap(struct file *file) {
    if (file->size) munmap((void *)(uintptr_t)file->data, file->size);
    *file = (struct file){0};
}

/* Advice for the pages that hold these bytes, when they are the file's. What a system does not know it need not take. */
static void advise(const struct file *file, const void *data, size_t size, int advice) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)data / page * page;
    const bool here = (uintptr_t)data - (uintptr_t)file->data < file->size;
    if (here) (void)madvise((void *)first, (uintptr_t)data + size - first, advice);
}

void file_forget(const struct file *file, const void *data, size_t size) { advise(file, data, size, MADV_DONTNEED); }

void file_expect(const struct file *file, const void *data, size_t size) {
#ifdef MADV_POPULATE_READ
    advise(file, data, size, MADV_POPULATE_READ);
#else
    advise(file, data, size, MADV_WILLNEED);
#endif
}
