/* SPDX-License-Identifier: Apache-2.0
 *
 * An ETRecord: the exporter's maps from instructions to debug handles, and the edge program's nodes with theirs.
 *
 * The file is a ZIP of JSON texts and as hostile as any: sizes are believed only as far as bytes are there, a map
 * of another shape than expected is FORMAT, and what may be absent is. Strings live as long as the record.
 */
#ifndef DEVTOOLS_ETRECORD_H
#define DEVTOOLS_ETRECORD_H

#include <jansson.h>

#include <string.h>

#include "base/memory.h"

/* An operator node of the edge program. */
typedef struct record_node {
    int64_t handle;
    size_t position;     /* in the graph */
    const char *name;    /* "aten_linear_default" */
    const char *op;      /* "aten.linear.default" */
    const char *stack;   /* stack trace, or NULL */
    const char *modules; /* nn_module_stack, "key,path,type;…", or NULL */
} record_node;

/* A key of a delegate's inner map with its handles. */
typedef struct record_delegate_id {
    const char *key;
    const int64_t *handles;
    size_t count;
} record_delegate_id;

typedef struct record_instruction {
    int64_t instruction;
    const int64_t *handles; /* NULL: the handle map does not name it */
    size_t handle_count;
    const char *backend; /* "XnnpackBackend"; NULL: no delegate */
    const record_delegate_id *ids;
    size_t id_count;
} record_instruction;

typedef struct etrecord {
    const char *method;
    const record_instruction *instructions; /* by number */
    size_t instruction_count;
    const record_node *nodes; /* by handle; of one handle in graph order */
    size_t node_count;
    json_t *maps[2], *edge; /* own the strings */
} etrecord;

/* Opens a record for a method (NULL: "forward", else the only one). Errors: IO, FORMAT, NOT_FOUND (no such method),
 * LIMIT, MEMORY. */
mica_status etrecord_open(const char *path, const char *method, struct arena *arena, etrecord *record,
                          mica_error *error);
void etrecord_close(etrecord *record); /* zeros are fine */

const record_instruction *etrecord_find(const etrecord *record, int64_t instruction); /* NULL: unknown */
/* The nodes with a handle; NULL and 0 when there is none. */
const record_node *etrecord_nodes(const etrecord *record, int64_t handle, size_t *count);

/* Operators that only convert say little of what a node is. */
static inline bool record_is_quantization(const char *op) { return strstr(op, "quantize_") != NULL; }

#endif
