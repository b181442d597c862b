/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fixed notation from 1e-4 to below 1e16, scientific outside. */
const char *number_repr(double value, char text[NUMBER_TEXT]) {
    char digits[NUMBER_TEXT];
    int precision = 0;
    if (!isfinite(value)) return strcpy(text, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
    do snprintf(digits, sizeof digits, "%.*e", precision, value);
    while (strtod(digits, NULL) != value && ++precision < 17);
    const int exponent = atoi(strchr(digits, 'e') + 1);
    if (exponent >= -4 && exponent < 16)
        snprintf(text, NUMBER_TEXT, "%.*f", precision - exponent > 1 ? precision - exponent : 1, value);
    else
        strcpy(text, digits);
    return text;
}
