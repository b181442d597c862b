/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole files. Read, their bytes are mapped: the file must not change while they are in use.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/error.h"

/* Which file it was, and when it was last changed: the same of both means the same contents. */
typedef struct file_identity {
    uint64_t device, inode, size;
    int64_t modified, changed; /* ns */
    uint64_t known;            /* 0: it had changed so shortly before that another change could go unseen */
} file_identity;

struct file {
    const uint8_t *data; /* aligned to at least 64 bytes; never NULL while mapped */
    size_t size;
    file_identity identity;
};

/* Fails with IO; the text does not repeat the path ("cannot be opened: No such file or directory"). */
mica_status file_map(const char *path, struct file *file, mica_error *error);
void file_unmap(struct file *file); /* a file of zeros is fine */

/* Gives back the pages of a mapped file that hold these bytes; they come again when they are read. */
void file_forget(const struct file *file, const void *data, size_t size);
/* Brings them, as one call to the system. */
void file_expect(const struct file *file, const void *data, size_t size);

/* ---- writing: a file appears whole or not at all ---- */

/* What will be the file `path`, on disk and without its name. */
struct file_draft {
    char *path, *beside; /* where it will be, links resolved; where it is meanwhile, if it is `named` */
    int descriptor;
    bool named, direct; /* `direct`: what has that name is a device or a pipe, and was written */
};

/* Fails with IO, and leaves nothing. A draft is published or dropped; that leaves `descriptor` at −1, and dropping
 * it again is fine. */
mica_status file_draft(const char *path, const void *data, size_t size, struct file_draft *draft, mica_error *error);
mica_status file_append(struct file_draft *draft, const void *data, size_t size,
                        mica_error *error);                            /* drops it on failure */
mica_status file_publish(struct file_draft *draft, mica_error *error); /* replaces a file of that name */
void file_drop(struct file_draft *draft);

/* Both at once: a failure leaves what was there. */
mica_status file_replace(const char *path, const void *data, size_t size, mica_error *error);

#endif
