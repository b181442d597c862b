/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* mkstemp makes files that only their owner reads; a new file's mode is the process's to choose. */
static void allow_as_usual(int descriptor) {
    const mode_t mask = umask(0);
    umask(mask);
    (void)!fchmod(descriptor, 0666 & ~mask);
}

static bool write_all(int descriptor, const void *data, size_t size) {
    for (size_t done = 0; done < size;) {
        const ssize_t count = write(descriptor, (const char *)data + done, size - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        done += (size_t)count;
    }
    return true;
}

mica_status file_replace(const char *path, const void *data, size_t size, mica_error *error) {
    const size_t length = strlen(path);
    char *const beside = malloc(length + sizeof ".XXXXXX");
    if (!beside) return error_set(error, MICA_ERROR_MEMORY, "no memory for a path");
    memcpy(beside, path, length);
    memcpy(beside + length, ".XXXXXX", sizeof ".XXXXXX");
    const int descriptor = mkstemp(beside);
    bool good = descriptor >= 0;
    if (good) {
        allow_as_usual(descriptor);
        good = write_all(descriptor, data, size);
        int problem = errno;
        if (close(descriptor) != 0 && good) {
            good = false;
            problem = errno;
        }
        if (good && rename(beside, path) != 0) {
            good = false;
            problem = errno;
        }
        if (!good) unlink(beside);
        errno = problem;
    }
    const int problem = errno;
    free(beside);
    return good ? MICA_OK : error_set(error, MICA_ERROR_IO, "cannot be written: %s", strerror(problem));
}
