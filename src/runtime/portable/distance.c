/* SPDX-License-Identifier: Apache-2.0
 *
 * Distances between rows.
 */
#include "runtime/portable/element.h"
#include "runtime/portable/kernels.h"
#include "runtime/portable/view.h"

#include <math.h>

/* The p-norm of a − b; p 0 counts the elements that differ. */
static double distance(const double *a, const double *b, size_t length, double p) {
    double sum = 0;
    for (size_t i = 0; i < length; i++) {
        const double d = fabs(a[i] - b[i]);
        if (p == 0) {
            sum += d != 0;
        } else if (isinf(p)) {
            sum = d > sum || isnan(d) ? d : sum;
        } else {
            sum += p == 1 ? d : p == 2 ? d * d : pow(d, p);
        }
    }
    if (p == 0 || p == 1 || isinf(p)) return sum;
    return p == 2 ? sqrt(sum) : pow(sum, 1 / p);
}

static mica_status check_norm(kernel_call *call, double p) {
    return p >= 0 ? MICA_OK : call_fail(call, MICA_ERROR_VALUE, "a norm of order %g", p);
}

/* x1, x2, p, compute_mode, out */
mica_status cdist(kernel_call *call) {
    struct tensor *tensors[2] = {NULL}, *out = NULL;
    view v[2];
    double p = 0;
    for (size_t i = 0; i < 2; i++) {
        TRY(call_tensor(call, i, &tensors[i]));
        view_of(tensors[i], &v[i]);
        if (v[i].rank < 2) return call_fail(call, MICA_ERROR_SHAPE, "argument %zu has rank %zu", i, v[i].rank);
    }
    TRY(call_double(call, 2, &p));
    TRY(check_norm(call, p));
    TRY(call_out(call, 4, &out));
    const size_t length = v[0].sizes[v[0].rank - 1];
    const size_t rows[2] = {v[0].sizes[v[0].rank - 2], v[1].sizes[v[1].rank - 2]};
    if (v[1].sizes[v[1].rank - 1] != length) {
        return call_fail(call, MICA_ERROR_SHAPE, "rows of %zu and %zu elements", length, v[1].sizes[v[1].rank - 1]);
    }
    view batches[2] = {v[0], v[1]};
    for (size_t i = 0; i < 2; i++) batches[i].rank -= 2;
    size_t rank, sizes[MICA_MAX_RANK];
    TRY(call_broadcast(call, batches, 2, &rank, sizes));
    size_t batch = 1;
    for (size_t i = 0; i < rank; i++) batch *= sizes[i];
    const void *data[2] = {NULL};
    for (size_t i = 0; i < 2; i++) {
        sizes[rank] = rows[i];
        sizes[rank + 1] = length;
        (void)view_broadcast(&v[i], rank + 2, sizes);
        TRY(view_read(call, &v[i], MICA_F64, &data[i]));
    }
    sizes[rank] = rows[0];
    sizes[rank + 1] = rows[1];
    TRY(call_resize(call, out, rank + 2, sizes));
    view to;
    view_of(out, &to);
    void *result = NULL;
    TRY(view_write(call, &to, MICA_F64, &result));
    double *y = result;
    for (size_t b = 0; b < batch; b++) {
        for (size_t i = 0; i < rows[0]; i++) {
            for (size_t j = 0; j < rows[1]; j++) {
                *y++ = distance((const double *)data[0] + (b * rows[0] + i) * length,
                                (const double *)data[1] + (b * rows[1] + j) * length, length, p);
            }
        }
    }
    view_written(call, &to, MICA_F64, result);
    return MICA_OK;
}

/* self, p, out: of every pair of rows */
mica_status pdist(kernel_call *call) {
    struct tensor *self = NULL, *out = NULL;
    double p = 0;
    TRY(call_tensor(call, 0, &self));
    TRY(call_double(call, 1, &p));
    TRY(check_norm(call, p));
    TRY(call_out(call, 2, &out));
    view from;
    view_of(self, &from);
    if (from.rank != 2)
        return call_fail(call, MICA_ERROR_SHAPE, "takes a matrix, not a tensor of rank %zu", from.rank);
    const size_t rows = from.sizes[0], length = from.sizes[1];
    const size_t pairs = rows ? rows * (rows - 1) / 2 : 0;
    TRY(call_resize(call, out, 1, &pairs));
    view to;
    view_of(out, &to);
    const void *data = NULL;
    void *result = NULL;
    TRY(view_read(call, &from, MICA_F64, &data));
    TRY(view_write(call, &to, MICA_F64, &result));
    double *y = result;
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = i + 1; j < rows; j++) {
            *y++ = distance((const double *)data + i * length, (const double *)data + j * length, length, p);
        }
    }
    view_written(call, &to, MICA_F64, result);
    return MICA_OK;
}
