/* SPDX-License-Identifier: Apache-2.0
 *
 * Results: rows are JSON objects, and a list of columns says how people and scripts see them. The four formats of one
 * result have the same columns.
 */
#ifndef TOOL_TABLE_H
#define TOOL_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef enum output_format { OUTPUT_TABLE, OUTPUT_TSV, OUTPUT_CSV, OUTPUT_JSON } output_format;

typedef struct column {
    const char *key;     /* the row's member; heading of TSV and CSV */
    const char *heading; /* of the table, with the unit; NULL: not in the table */
    int decimals;        /* of reals in the table; -1: all digits, -N: N significant ones */
    unsigned style;
} column;
#define COLUMN_ACCENT 1u   /* coloured by the row's "accelerated" and "eligible_kind" */
#define COLUMN_OPTIONAL 2u /* left out of the table where the terminal is too narrow */
#define COLUMN_NESTED 4u   /* moved in where the row has a "node" */
#define COLUMNS_MAX 32     /* of one table */

/* Prints an array of rows. `under`, when given, prints what belongs below a row in a table. */
void table_print(const json_t *rows, const column *columns, size_t count, output_format format,
                 void (*under)(const json_t *row, FILE *out), FILE *out);

/* The columns whose keys stand in `list`, "a,b,c", in that order. On failure `*unknown` is the name that is no key. */
bool columns_select(const column *columns, size_t count, const char *list, column selected[COLUMNS_MAX],
                    size_t *selected_count, char unknown[64]);

void json_print(const json_t *value, FILE *out);

/* Makers of values: text from files is made valid UTF-8, NULL and numbers that are not finite become null. */
json_t *json_text(const char *text);
json_t *json_decimal(double value);
json_t *json_count(size_t value);

/* A new row, and its members. */
json_t *row_add(json_t *rows);
void row_text(json_t *row, const char *key, const char *text);
void row_real(json_t *row, const char *key, double value);
void row_count(json_t *row, const char *key, size_t value);
void row_flag(json_t *row, const char *key, bool value);

#endif
