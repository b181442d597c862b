/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole files. Read, their bytes are mapped: the file must not change while they are in use.
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

/* Writes a file beside `path` and gives it that name when it is whole: a failure leaves what was there. */
mica_status file_replace(const char *path, const void *data, size_t size, mica_error *error);

#endif
