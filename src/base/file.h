/* SPDX-License-Identifier: Apache-2.0
 *
 * A file's bytes, read-only. They are mapped: the file must not change while they are in use.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/error.h"

struct file {
    const uint8_t *data; /* aligned to at least 64 bytes; never NULL while mapped */
    size_t size;
};

/* Fails with IO; the text does not repeat the path ("cannot be opened: No such file or directory"). */
mica_status file_map(const char *path, struct file *file, mica_error *error);
void file_unmap(struct file *file); /* a file of zeros is fine */

#endif
