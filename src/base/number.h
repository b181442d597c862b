/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers as Python prints them.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#define NUMBER_TEXT 32 /* bytes that any number takes, terminated */

/* The shortest decimal that reads back as the same double, as repr() has it: "0.1", "1e-05", "12.0". */
const char *number_repr(double value, char text[NUMBER_TEXT]);

#endif
