/* SPDX-License-Identifier: Apache-2.0
 *
 * A ZIP whose entries are stored as they are, which is what an ETRecord is.
 */
#ifndef AUTHOR_ZIP_WRITE_H
#define AUTHOR_ZIP_WRITE_H

#include "base/bytes.h"
#include "base/memory.h"

struct zip_entry {
    const char *name;
    bytes_span data;
};

/* Errors: LIMIT (4 GiB in all), MEMORY. */
mica_status zip_write(const struct zip_entry *entries, size_t count, struct arena *arena, bytes_span *file,
                      mica_error *error);

#endif
