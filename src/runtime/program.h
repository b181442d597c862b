/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of mica_program: the file, its decoded tables, and the decoded payloads of its delegates.
 */
#ifndef RUNTIME_PROGRAM_H
#define RUNTIME_PROGRAM_H

#include "base/file.h"
#include "base/memory.h"
#include "format/program.h"
#include "format/xnnpack.h"
#include "mica/program.h"
#include "operator/weights.h"

/* Keys of external data that no file given has. */
struct program_missing {
    const char **keys;
    size_t count;
};

struct mica_program {
    mica_allocator allocator;
    struct arena arena;
    struct file file;        /* mapped; zeros when the bytes are the caller's */
    struct file *data_files; /* mapped external data */
    size_t data_file_count;
    weights_origin origin; /* the files, for packed weights */
    pte_program *pte;
    const xnn_graph *const **payloads; /* [method][delegate]; NULL: a backend or node that Mica does not run */
    const char *const **lacks;         /* [method][delegate]: then why, else NULL */
    struct program_missing *missing;   /* per method */
};

#define XNNPACK_BACKEND "XnnpackBackend"

/* The method of a name (NULL: "forward", else the only one). Fails with NOT_FOUND. */
mica_status program_find_method(const mica_program *program, const char *name, size_t *index, mica_error *error);

#endif
