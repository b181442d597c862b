/* SPDX-License-Identifier: Apache-2.0 */
#include "gap.h"

#include <math.h>
#include <string.h>

#include "tensor.h"

#define SLACK 8           /* ULP, and ULP per √term */
#define MASK_GAP 0x1p26   /* between masks and the values that they leave */
#define MASK_SPREAD 0x1p4 /* among masks, to which values may have been added */

/* Bits of a significand and the least exponent; 0 bits: no float. */
struct precision {
    int bits, least;
};

static struct precision precision_of(mica_type type) {
    switch (type) {
    case MICA_F16: return (struct precision){11, -14};
    case MICA_BF16: return (struct precision){8, -126};
    case MICA_F32: return (struct precision){24, -126};
    case MICA_F64: return (struct precision){53, -1022};
    default: return (struct precision){0, 0};
    }
}

/* The distance between neighbours of this type around `value`, which is finite. */
static double ulp_at(double value, struct precision precision) {
    const int exponent = value == 0 ? precision.least : ilogb(value);
    return ldexp(1, (exponent > precision.least ? exponent : precision.least) - precision.bits + 1);
}

/* What an element of about this magnitude may be off by. */
static double tolerance_of(const mica_observation *got, double magnitude, double terms) {
    if (got->quantized) return got->scale;
    if (got->rows) return 1;
    const struct precision own = precision_of(got->tensor.type);
    if (!own.bits) return 0;
    const struct precision sum = precision_of(got->tensor.type == MICA_F64 ? MICA_F64 : MICA_F32);
    return SLACK * (ulp_at(magnitude, own) + sqrt(fmax(terms, 1)) * ulp_at(magnitude, sum));
}

/* The largest finite magnitude below `limit`; 0: there is none. */
static double largest_below(const mica_tensor *tensor, double limit) {
    double largest = 0;
    for (size_t i = 0; i < mica_tensor_count(tensor); i++) {
        const double magnitude = fabs(tensor_get(tensor, i));
        if (magnitude < limit && magnitude > largest) largest = magnitude;
    }
    return largest;
}

gap gap_between(const mica_observation *got, const mica_tensor *want, double terms) {
    const mica_tensor *const tensor = &got->tensor;
    const struct precision precision = precision_of(tensor->type);
    const size_t item = mica_type_size(tensor->type), count = mica_tensor_count(tensor);
    const double step = got->quantized ? got->scale : 1;
    const double top = largest_below(want, INFINITY), rest = largest_below(want, top / MASK_SPREAD);
    const double scale = fmax(rest > 0 && rest < top / MASK_GAP ? rest : top, got->summed);
    const double tolerance = tolerance_of(got, scale, terms);
    gap found = {.ulp = precision.bits ? 0 : NAN,
                 .steps = got->quantized || got->rows ? 0 : NAN,
                 .tolerance = tolerance,
                 .inside = true};
    for (size_t i = 0; i < count; i++) {
        const double w = tensor_get(want, i);
        if (memcmp((const char *)tensor->data + i * item, (const char *)want->data + i * item, item) == 0) continue;
        const double g = tensor_get(tensor, i);
        if (isnan(g) && isnan(w)) continue;
        double distance = fabs(g - w);
        if (isnan(distance)) distance = INFINITY;
        if (distance == 0 && !precision.bits) distance = 1; /* both beyond 2^53 */
        if (precision.bits) found.ulp = fmax(found.ulp, isfinite(w) ? distance / ulp_at(w, precision) : INFINITY);
        const double allowed = fabs(w) > scale && isfinite(w) ? tolerance_of(got, w, terms) : tolerance;
        const bool inside = distance * step <= allowed * (1 + 1e-9); /* a step times its scale may round up */
        if (inside == found.inside ? distance * step <= found.largest : inside) continue;
        found.largest = distance * step;
        found.where = i;
        found.got = g;
        found.want = w;
        found.inside = inside;
    }
    if (!isnan(found.steps)) found.steps = found.largest / step;
    return found;
}

gap gap_worse(const gap *a, const gap *b) {
    const bool second = a->inside != b->inside ? a->inside : b->largest > a->largest;
    gap worse = second ? *b : *a;
    worse.ulp = fmax(a->ulp, b->ulp);
    worse.steps = fmax(a->steps, b->steps);
    return worse;
}
