/* SPDX-License-Identifier: Apache-2.0
 *
 * The columns of a row by name: CSV and JSON read one table.
 */
#ifndef DEVTOOLS_COLUMNS_H
#define DEVTOOLS_COLUMNS_H

#include "mica/inspect.h"

typedef enum column_kind {
    COLUMN_TEXT,
    COLUMN_SIZE,
    COLUMN_INT32, /* negative: none */
    COLUMN_BOOL,
    COLUMN_TRUTH, /* an int: 1, 0, or -1 for unknown */
    COLUMN_REAL,
    COLUMN_RATE, /* a real; 0: unknown */
    COLUMN_ROLE
} column_kind;

typedef struct column {
    const char *name;
    column_kind kind;
    bool time; /* in the target scale */
    size_t offset;
} column;

extern const column columns[];
extern const size_t column_count;

/* A row's value in a column. */
typedef struct cell {
    enum { CELL_NONE, CELL_TEXT, CELL_REAL, CELL_WHOLE, CELL_TRUTH } kind;
    union {
        const char *text;
        double real;
        int64_t whole;
        bool truth;
    } as;
} cell;

cell column_cell(const column *column, const mica_inspect_row *row);

#endif
