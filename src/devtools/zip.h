/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts out of a ZIP.
 */
#ifndef DEVTOOLS_ZIP_H
#define DEVTOOLS_ZIP_H

#include <jansson.h>

#include "base/error.h"

#define ZIP_ENTRY_LIMIT ((size_t)1 << 30) /* bytes of one entry, unpacked */

struct zip {
    void *handle;
};

mica_status zip_open(const char *path, struct zip *zip, mica_error *error);
void zip_close(struct zip *zip);

bool zip_has(struct zip *zip, const char *name);

/* The JSON text of an entry. Python's NaN and Infinity, which JSON has not, read as zero. Errors: NOT_FOUND,
 * FORMAT, LIMIT, MEMORY. */
mica_status zip_json(struct zip *zip, const char *name, json_t **value, mica_error *error);

#endif
