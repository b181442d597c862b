/* SPDX-License-Identifier: Apache-2.0
 *
 * mica make, its parts: make.c reads the command line, make_chain.c a network's description, make_write.c writes files.
 */
#ifndef TOOL_MAKE_H
#define TOOL_MAKE_H

#include "command.h"
#include "mica/author.h"

/* True for MICA_OK. What the author refuses is the command line's fault, and names the option. */
bool make_accepted(struct fault *fault, const mica_context *context, mica_status status);

/* Adds what the text file at `path` describes, its last value as output where it names none. docs/make.md has the
 * language. */
bool make_chain(mica_author *author, const mica_context *context, const char *path, size_t seed, struct fault *fault);

extern const char make_chain_help[]; /* the language, for --help */

/* "OUT.pte", ".etrecord" → "OUT.etrecord", which the caller frees. */
char *make_beside(const char *path, const char *suffix);

/* Writes OUT.pte and OUT.etrecord; with `external` weights to OUT.ptd; with `bundle` OUT.bpte with so many cases. */
bool make_write(const struct settings *settings, mica_author *author, const mica_context *context, const char *path,
                bool external, size_t bundle, struct fault *fault);

#endif
