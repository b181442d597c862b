/* SPDX-License-Identifier: Apache-2.0
 *
 * A draft has no name where the system has nameless files (O_TMPFILE), so that a killed process leaves nothing; else a
 * name beside the one it will get.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define BESIDE_SUFFIX 40 /* bytes */
#define ATTEMPTS 100

static mica_status fail(mica_error *error, int problem) {
    return error_set(error, MICA_ERROR_IO, "cannot be written: %s", strerror(problem));
}

/* Name number `attempt` beside the draft's: no living process or thread has another one in hand. */
static void name_beside(struct file_draft *draft, size_t attempt) {
    const size_t mine = (uintptr_t)draft / sizeof *draft + attempt;
    snprintf(draft->beside, strlen(draft->path) + BESIDE_SUFFIX, "%s.%lx-%zx", draft->path, (unsigned long)getpid(),
             mine);
}

/* The folder of `path`, in place of it. */
static const char *folder_of(char *path) {
    char *const slash = strrchr(path, '/');
    if (!slash) return ".";
    slash[slash == path] = 0;
    return path;
}

static int open_nameless(const char *path) {
    char *const copy = strdup(path);
    if (!copy || access("/proc/self/fd", X_OK) != 0) return free(copy), -1; /* nothing to name it by */
    const int descriptor = open(folder_of(copy), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    free(copy);
    return descriptor;
}

/* Opens a draft for draft->path, which nothing or a plain file has. */
static int open_draft(struct file_draft *draft) {
    draft->beside = malloc(strlen(draft->path) + BESIDE_SUFFIX);
    if (!draft->beside) return -1;
    int descriptor = open_nameless(draft->path);
    if (descriptor >= 0) return descriptor;
    for (size_t i = 0; i < ATTEMPTS; i++) {
        name_beside(draft, i);
        descriptor = open(draft->beside, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
        draft->named = descriptor >= 0;
        if (descriptor >= 0 || errno != EEXIST) return descriptor;
    }
    return -1;
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

mica_status file_draft(const char *path, const void *data, size_t size, struct file_draft *draft, mica_error *error) {
    struct stat status;
    *draft = (struct file_draft){.descriptor = -1};
    const bool exists = stat(path, &status) == 0;
    draft->direct = exists && !S_ISREG(status.st_mode);
    draft->path = exists && !draft->direct ? realpath(path, NULL) : strdup(path); /* a link stays a link */
    if (!draft->path) return fail(error, errno);
    draft->descriptor = draft->direct ? open(path, O_WRONLY | O_CLOEXEC) : open_draft(draft);
    return file_append(draft, data, size, error);
}

mica_status file_append(struct file_draft *draft, const void *data, size_t size, mica_error *error) {
    if (draft->descriptor >= 0 && write_all(draft->descriptor, data, size)) return MICA_OK;
    const int problem = errno;
    file_drop(draft);
    return fail(error, problem);
}

/* Gives a nameless file the name; a link replaces nothing, so where there is a file it goes over a name beside it. */
static bool link_draft(struct file_draft *draft) {
    char descriptor[32];
    snprintf(descriptor, sizeof descriptor, "/proc/self/fd/%d", draft->descriptor);
    if (linkat(AT_FDCWD, descriptor, AT_FDCWD, draft->path, AT_SYMLINK_FOLLOW) == 0) return true;
    for (size_t i = 0; i < ATTEMPTS && errno == EEXIST; i++) {
        name_beside(draft, i);
        draft->named = linkat(AT_FDCWD, descriptor, AT_FDCWD, draft->beside, AT_SYMLINK_FOLLOW) == 0;
        if (draft->named) return rename(draft->beside, draft->path) == 0;
    }
    return false;
}

mica_status file_publish(struct file_draft *draft, mica_error *error) {
    bool good = true;
    if (draft->direct || draft->named) {
        const int descriptor = draft->descriptor;
        draft->descriptor = -1;
        good = close(descriptor) == 0;
    }
    if (good && !draft->direct) good = draft->named ? rename(draft->beside, draft->path) == 0 : link_draft(draft);
    const int problem = errno;
    draft->named = draft->named && !good;
    file_drop(draft);
    return good ? MICA_OK : fail(error, problem);
}

void file_drop(struct file_draft *draft) {
    if (draft->descriptor >= 0) close(draft->descriptor);
    if (draft->named) unlink(draft->beside);
    free(draft->beside);
    free(draft->path);
    *draft = (struct file_draft){.descriptor = -1};
}

mica_status file_replace(const char *path, const void *data, size_t size, mica_error *error) {
    struct file_draft draft;
    TRY(file_draft(path, data, size, &draft, error));
    return file_publish(&draft, error);
}
