/* SPDX-License-Identifier: Apache-2.0 */
#include "author/zip_write.h"

#define LOCAL_SIZE 30   /* bytes of an entry's header, without its name */
#define CENTRAL_SIZE 46 /* of its line in the directory */
#define END_SIZE 22
#define FIRST_DAY 0x21 /* 1980-01-01: files are the same whenever they are made */
#define VERSION 20     /* of the format that a reader must know: 2.0 */

static uint32_t checksum(bytes_span data) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < data.count; i++) {
        crc ^= data.data[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static uint8_t *put(uint8_t *at, uint32_t value, size_t size) {
    memcpy(at, &value, size);
    return at + size;
}

/* What a local header and a line of the directory share, from the version to the name's length. */
static uint8_t *put_entry(uint8_t *at, const struct zip_entry *entry) {
    const uint32_t size = (uint32_t)entry->data.count;
    at = put(at, VERSION, 2);
    at = put(at, 0, 2); /* flags */
    at = put(at, 0, 2); /* stored */
    at = put(at, 0, 2); /* time */
    at = put(at, FIRST_DAY, 2);
    at = put(at, checksum(entry->data), 4);
    at = put(at, size, 4);
    at = put(at, size, 4);
    at = put(at, (uint32_t)strlen(entry->name), 2);
    return put(at, 0, 2); /* no extra field */
}

static uint8_t *put_bytes(uint8_t *at, const void *data, size_t size) {
    if (size) memcpy(at, data, size);
    return at + size;
}

static uint8_t *put_directory(uint8_t *at, const struct zip_entry *entries, size_t count) {
    uint32_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(entries[i].name);
        at = put(at, 0x02014b50, 4);
        at = put(at, VERSION, 2); /* made by */
        at = put_entry(at, &entries[i]);
        at = put(at, 0, 4); /* no comment, first disk */
        at = put(at, 0, 4); /* attributes */
        at = put(at, 0, 2);
        at = put(at, offset, 4);
        at = put_bytes(at, entries[i].name, length);
        offset += (uint32_t)(LOCAL_SIZE + length + entries[i].data.count);
    }
    return at;
}

mica_status zip_write(const struct zip_entry *entries, size_t count, struct arena *arena, bytes_span *file,
                      mica_error *error) {
    size_t size = END_SIZE, directory = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(entries[i].name);
        directory += LOCAL_SIZE + length + entries[i].data.count;
        size += LOCAL_SIZE + CENTRAL_SIZE + 2 * length + entries[i].data.count;
    }
    if (size > UINT32_MAX) return error_set(error, MICA_ERROR_LIMIT, "a ZIP of more than 4 GiB");
    void *memory = NULL;
    TRY(arena_allocate(arena, size, &memory, error));
    uint8_t *at = memory;
    for (size_t i = 0; i < count; i++) {
        at = put(at, 0x04034b50, 4);
        at = put_entry(at, &entries[i]);
        at = put_bytes(at, entries[i].name, strlen(entries[i].name));
        at = put_bytes(at, entries[i].data.data, entries[i].data.count);
    }
    at = put_directory(at, entries, count);
    const uint32_t listed = (uint32_t)count << 16 | (uint32_t)count;
    at = put(at, 0x06054b50, 4);
    at = put(at, 0, 4); /* disks */
    at = put(at, listed, 4);
    at = put(at, (uint32_t)(size - END_SIZE - directory), 4);
    at = put(at, (uint32_t)directory, 4);
    put(at, 0, 2); /* no comment */
    *file = (bytes_span){memory, size};
    return MICA_OK;
}
