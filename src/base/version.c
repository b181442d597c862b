/* SPDX-License-Identifier: Apache-2.0 */
#include "mica/context.h"

const char *mica_version(void) { return MICA_VERSION; } /* the build system's project version */
