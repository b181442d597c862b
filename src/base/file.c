/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static mica_status map(int descriptor, struct file *file, mica_error *error) {
    static const uint8_t nothing[1] __attribute__((aligned(64)));
    struct stat status;
    if (fstat(descriptor, &status) != 0) return error_set(error, MICA_ERROR_IO, "cannot be read: %m");
    if (!S_ISREG(status.st_mode)) return error_set(error, MICA_ERROR_IO, "is not a regular file");
    if (status.st_size == 0) { /* which cannot be mapped */
        *file = (struct file){nothing, 0};
        return MICA_OK;
    }
    void *const data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (data == MAP_FAILED) return error_set(error, MICA_ERROR_IO, "cannot be mapped: %m");
    *file = (struct file){data, (size_t)status.st_size};
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
