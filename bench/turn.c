/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loop of the comparison: nanoseconds that `count` runs of one side take, timed where Python does not add to
 * them; and a run of Mica: inputs are set, then the method runs.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t turn(int (*run)(void *), void *self, uint64_t count, int *status) {
    const uint64_t start = now();
    for (uint64_t i = 0; i < count; i++) *status |= run(self);
    return now() - start;
}

typedef struct mica_side {
    int (*set_input)(void *method, size_t index, const void *value);
    int (*run)(void *method);
    void *method;
    size_t count;
    const void *inputs[16]; /* mica_value each */
} mica_side;

int mica_side_run(mica_side *side) {
    for (size_t i = 0; i < side->count; i++) {
        const int status = side->set_input(side->method, i, side->inputs[i]);
        if (status) return status;
    }
    return side->run(side->method);
}
