/* SPDX-License-Identifier: Apache-2.0
 *
 * For tests of the door: real programs opened from a case's folder, and all cases of an index visited.
 */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "format/program.h"

struct sample {
    struct file model, data; /* data: an external file beside the model, or nothing */
    struct arena arena;
    ptd_file external;
    size_t external_count;
    pte_program *program;
    mica_error error;
};

/* Maps the files of `folder` and reads the external data; then sample_open opens the program. */
static inline void sample_map(struct sample *sample, const char *folder) {
    *sample = (struct sample){0};
    arena_init(&sample->arena, &memory_default, 0);
    char path[1024];
    snprintf(path, sizeof path, "%s/model.pte", folder);
    assert_int_equal(file_map(path, &sample->model, NULL), MICA_OK);
    snprintf(path, sizeof path, "%s/*.ptd", folder);
    glob_t found;
    if (glob(path, 0, NULL, &found) != 0) return;
    assert_int_equal(file_map(found.gl_pathv[0], &sample->data, NULL), MICA_OK);
    globfree(&found);
    sample->external_count = 1;
    if (ptd_open(sample->data.data, sample->data.size, &sample->arena, &sample->external, &sample->error)) {
        fail_msg("%s: %s", folder, sample->error.text);
    }
}

static inline void sample_open(struct sample *sample, const char *folder) {
    sample_map(sample, folder);
    if (pte_open(sample->model.data, sample->model.size, &sample->external, sample->external_count, &sample->arena,
                 &sample->program, &sample->error)) {
        fail_msg("%s: %s", folder, sample->error.text);
    }
}

static inline void sample_close(struct sample *sample) {
    arena_free(&sample->arena);
    file_unmap(&sample->model);
    file_unmap(&sample->data);
}

/* Visits the folder of each case of ROOT/cases.tsv once; gives their count. */
static inline size_t for_each_case(const char *root, void (*visit)(const char *folder)) {
    char path[1024], line[65536], last[512] = "";
    snprintf(path, sizeof path, "%s/cases.tsv", root);
    FILE *const index = fopen(path, "r");
    assert_non_null(index);
    size_t count = 0;
    while (fgets(line, sizeof line, index)) {
        char folder[512];
        if (line[0] == '#' || sscanf(line, "%*[^\t]\t%511[^\t]", folder) != 1 || strcmp(folder, last) == 0) continue;
        strcpy(last, folder);
        snprintf(path, sizeof path, "%s/%s", root, folder);
        visit(path);
        count++;
    }
    fclose(index);
    return count;
}

#endif
