/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 (FIPS 180-4): the names that exporters give to constants.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>

#define SHA256_TEXT 65 /* characters of a digest in hexadecimal, and the end */

void sha256_text(const void *data, size_t size, char text[SHA256_TEXT]);

#endif
