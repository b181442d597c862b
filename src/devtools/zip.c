/* SPDX-License-Identifier: Apache-2.0 */
#include "devtools/zip.h"

#include <errno.h>
#include <minizip/unzip.h>
#include <stdlib.h>
#include <string.h>

mica_status zip_open(const char *path, struct zip *zip, mica_error *error) {
    FILE *const file = fopen(path, "rb");
    if (!file) return error_set(error, MICA_ERROR_IO, "cannot be opened: %s", strerror(errno));
    fclose(file);
    zip->handle = unzOpen64(path);
    if (!zip->handle) return error_set(error, MICA_ERROR_FORMAT, "is no ZIP archive");
    return MICA_OK;
}

void zip_close(struct zip *zip) {
    if (zip->handle) unzClose(zip->handle);
    zip->handle = NULL;
}

bool zip_has(struct zip *zip, const char *name) { return unzLocateFile(zip->handle, name, 1) == UNZ_OK; }

/* Unpacks the current entry. Memory grows with what arrives, never with what the header promises. */
static mica_status unpack(unzFile handle, const char *name, char **text, size_t *size, mica_error *error) {
    size_t capacity = 0, used = 0;
    char *bytes = NULL;
    mica_status status = MICA_OK;
    if (unzOpenCurrentFile(handle) != UNZ_OK)
        return error_set(error, MICA_ERROR_FORMAT, "%s: the entry cannot be unpacked", name);
    for (;;) {
        if (used == capacity) {
            capacity = capacity ? 2 * capacity : 1 << 16;
            char *const grown = capacity > ZIP_ENTRY_LIMIT ? NULL : realloc(bytes, capacity);
            if (!grown) {
                status = error_set(error, MICA_ERROR_LIMIT, "%s: the entry is larger than can be held", name);
                break;
            }
            bytes = grown;
        }
        const int got = unzReadCurrentFile(handle, bytes + used, (unsigned)(capacity - used));
        if (got < 0) status = error_set(error, MICA_ERROR_FORMAT, "%s: the entry is damaged", name);
        if (got <= 0) break;
        used += (size_t)got;
    }
    if (unzCloseCurrentFile(handle) != UNZ_OK && status == MICA_OK)
        status = error_set(error, MICA_ERROR_FORMAT, "%s: the entry is damaged (checksum)", name);
    if (status != MICA_OK) {
        free(bytes);
        return status;
    }
    *text = bytes;
    *size = used;
    return MICA_OK;
}

/* Python writes numbers that JSON cannot: in their place comes a zero and blanks. */
static void tame(char *text, size_t size) {
    static const char *const words[] = {"-Infinity", "Infinity", "NaN"};
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"') quoted = !quoted;
        if (quoted && text[i] == '\\') i++;
        for (size_t w = 0; !quoted && w < 3; w++) {
            const size_t length = strlen(words[w]);
            if (length > size - i || memcmp(text + i, words[w], length) != 0) continue;
            memset(text + i, ' ', length);
            text[i] = '0';
        }
    }
}

mica_status zip_json(struct zip *zip, const char *name, json_t **value, mica_error *error) {
    char *text = NULL;
    size_t size = 0;
    json_error_t where;
    if (!zip_has(zip, name)) return error_set(error, MICA_ERROR_NOT_FOUND, "has no entry %s", name);
    TRY(unpack(zip->handle, name, &text, &size, error));
    tame(text, size);
    json_t *const parsed = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &where);
    free(text);
    if (!parsed) return error_set(error, MICA_ERROR_FORMAT, "%s: %s at byte %d", name, where.text, where.position);
    *value = parsed;
    return MICA_OK;
}
