/* SPDX-License-Identifier: Apache-2.0
 *
 * The functions behind the rows of the kernel table, family by family; the comment before each says its arguments.
 */
#ifndef PORTABLE_KERNELS_H
#define PORTABLE_KERNELS_H

#include "runtime/kernel_call.h"

/* elementwise.c */
mica_status elementwise(kernel_call *call);
mica_status div_mode(kernel_call *call);
mica_status gelu(kernel_call *call);

/* copy.c */
mica_status copy_whole(kernel_call *call);
mica_status copy_into_shape(kernel_call *call);
mica_status copy_in_place(kernel_call *call);
mica_status view_copy_kernel(kernel_call *call);
mica_status et_view(kernel_call *call);
mica_status permute_copy(kernel_call *call);
mica_status transpose_copy(kernel_call *call);
mica_status t_copy(kernel_call *call);
mica_status unsqueeze_copy(kernel_call *call);
mica_status squeeze_copy(kernel_call *call);
mica_status expand_copy(kernel_call *call);

/* part.c */
mica_status slice_copy(kernel_call *call);
mica_status select_copy(kernel_call *call);
mica_status narrow_copy(kernel_call *call);
mica_status diagonal_copy(kernel_call *call);
mica_status unfold_copy(kernel_call *call);
mica_status flip(kernel_call *call);
mica_status as_strided_copy(kernel_call *call);
mica_status pixel_shuffle(kernel_call *call);
mica_status pixel_unshuffle(kernel_call *call);
mica_status select_scatter(kernel_call *call);
mica_status slice_scatter(kernel_call *call);
mica_status tril(kernel_call *call);

/* join.c */
mica_status cat(kernel_call *call);
mica_status stack(kernel_call *call);
mica_status split_copy(kernel_call *call);
mica_status split_with_sizes_copy(kernel_call *call);
mica_status unbind_copy(kernel_call *call);

/* repeat.c */
mica_status repeat(kernel_call *call);
mica_status roll(kernel_call *call);
mica_status constant_pad_nd(kernel_call *call);

/* create.c */
mica_status full(kernel_call *call);
mica_status fill_tensor(kernel_call *call);
mica_status full_of(kernel_call *call);
mica_status scalar_tensor(kernel_call *call);
mica_status arange(kernel_call *call);
mica_status rand_uniform(kernel_call *call);
mica_status rand_normal(kernel_call *call);
mica_status native_dropout(kernel_call *call);

/* index.c */
mica_status embedding(kernel_call *call);
mica_status index_select(kernel_call *call);
mica_status gather(kernel_call *call);
mica_status scatter(kernel_call *call);
mica_status scatter_add(kernel_call *call);
mica_status scatter_value(kernel_call *call);
mica_status index_tensor(kernel_call *call);
mica_status index_put(kernel_call *call);
mica_status index_put_in_place(kernel_call *call);

/* choose.c */
mica_status masked_select(kernel_call *call);
mica_status masked_scatter(kernel_call *call);
mica_status nonzero(kernel_call *call);
mica_status repeat_interleave(kernel_call *call);

/* reduce.c */
mica_status reduce_dims(kernel_call *call);
mica_status reduce_all(kernel_call *call);
mica_status reduce_with_index(kernel_call *call);
mica_status var(kernel_call *call);
mica_status var_mean(kernel_call *call);
mica_status cumsum(kernel_call *call);

/* topk.c */
mica_status topk(kernel_call *call);

/* norm.c */
mica_status softmax(kernel_call *call);
mica_status native_layer_norm(kernel_call *call);
mica_status native_group_norm(kernel_call *call);
mica_status batch_norm_inference(kernel_call *call);
mica_status batch_norm_legit(kernel_call *call);
mica_status batch_norm_no_stats(kernel_call *call);
mica_status glu(kernel_call *call);

/* matmul.c */
mica_status mm(kernel_call *call);
mica_status bmm(kernel_call *call);
mica_status addmm(kernel_call *call);
mica_status linear(kernel_call *call);
mica_status convolution(kernel_call *call);

/* pooling.c */
mica_status avg_pool2d(kernel_call *call);
mica_status adaptive_avg_pool2d(kernel_call *call);
mica_status max_pool2d_with_indices(kernel_call *call);

/* resample.c */
mica_status pad_from_edges(kernel_call *call);
mica_status upsample_nearest2d(kernel_call *call);
mica_status upsample_bilinear2d(kernel_call *call);
mica_status upsample_bilinear2d_antialiased(kernel_call *call);
mica_status grid_sampler_2d(kernel_call *call);

/* backward.c */
mica_status convolution_backward(kernel_call *call);
mica_status max_pool2d_backward(kernel_call *call);

/* complex.c */
mica_status view_as_real_copy(kernel_call *call);

/* fourier.c */
mica_status fft_r2c(kernel_call *call);
mica_status fft_c2r(kernel_call *call);

/* hadamard.c */
mica_status fast_hadamard_transform(kernel_call *call);

/* distance.c */
mica_status cdist(kernel_call *call);
mica_status pdist(kernel_call *call);

/* prim.c */
mica_status sym_size(kernel_call *call);
mica_status sym_numel(kernel_call *call);
mica_status local_scalar_dense(kernel_call *call);
mica_status et_copy_index(kernel_call *call);
mica_status prim_binary(kernel_call *call);
mica_status prim_unary(kernel_call *call);
mica_status sym_ite(kernel_call *call);

/* quantized.c */
mica_status quantize(kernel_call *call);
mica_status quantize_per_channel(kernel_call *call);
mica_status dequantize(kernel_call *call);
mica_status dequantize_per_channel(kernel_call *call);
mica_status choose_qparams(kernel_call *call);
mica_status choose_qparams_per_token(kernel_call *call);
mica_status quantized_add(kernel_call *call);
mica_status quantized_embedding(kernel_call *call);
mica_status mixed_matmul(kernel_call *call);

/* attention.c */
mica_status update_cache(kernel_call *call);
mica_status update_cache_with_indices(kernel_call *call);
mica_status custom_sdpa(kernel_call *call);
mica_status custom_quantized_sdpa(kernel_call *call);
mica_status sdpa_with_kv_cache(kernel_call *call);

#endif
