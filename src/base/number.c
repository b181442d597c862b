/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether `digits`, the value rounded to that precision, reads back as the value. Below a power of two doubles are denser
 * than above, and there the decimal that does may be the next larger one. */
static bool reads_back(double value, int precision, char digits[NUMBER_TEXT]) {
    snprintf(digits, NUMBER_TEXT, "%.*e", precision, value);
    if (strtod(digits, NULL) == value) return true;
    snprintf(digits, NUMBER_TEXT, "%.*Le", precision, (long double)value * (1 + 0x1p-54L));
    return strtod(digits, NULL) == value;
}

/* Fixed notation from 1e-4 to below 1e16, scientific outside. A decimal of 15 digits or less that a double came from is
 * the double rounded to 15 digits, so that shorter ones are found by dropping zeros. */
const char *number_repr(double value, char text[NUMBER_TEXT]) {
    char digits[NUMBER_TEXT];
    int precision = fabs(value) < DBL_MIN ? 0 : 14; /* digits behind the first; subnormal numbers have few */
    if (!isfinite(value)) return strcpy(text, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
    while (!reads_back(value, precision, digits) && precision < 16) precision++;
    const char *const e = strchr(digits, 'e'), *last = e - 1;
    while (precision > 0 && *last == '0') last--, precision--;
    const int exponent = atoi(e + 1);
    if (exponent >= -4 && exponent < 16)
        snprintf(text, NUMBER_TEXT, "%.*f", precision - exponent > 1 ? precision - exponent : 1, value);
    else
        snprintf(text, NUMBER_TEXT, "%.*s%s", (int)(last - digits + (*last != '.')), digits, e);
    return text;
}
