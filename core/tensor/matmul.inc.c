/*
 * Part of operation.inc.c: products of matrices and vectors, [m, k] [k, n], and X w + b.
 *
 * They go to the kernels (core/kernels/), which know no gradient that is 0: where one meets what is infinite or NaN,
 * the way back goes number by number instead.
 */
/* Whether a 0 is among n numbers. */
static bool NAME(has_zero)(size_t n, const REAL *x)
{
	unsigned zeros = 0;
	for (size_t i = 0; i < n; i++) {
		zeros |= x[i] == 0;
	}
	return zeros != 0;
}

static bool NAME(all_finite)(const struct kernels *kernels, size_t n, const REAL *x)
{
#ifdef REAL_IS_DUAL
	(void)kernels;
	size_t i = 0;
	while (i < n && isfinite(creal(x[i])) && isfinite(cimag(x[i]))) {
		i++;
	}
	return i == n;
#else
	return kernels->NAME(all_finite)(n, x);
#endif
}

/* [m, k] [k, n] */
static void NAME(product_sizes)(const struct tensor_call *call, size_t *m, size_t *k, size_t *n)
{
	const struct shape *a = &call->step->form->shape[0], *b = &call->step->form->shape[1];
	*m = a->rowed ? call->rows : a->rank == 2 ? a->extent[0] : 1;
	*k = b->extent[0];
	*n = b->rank == 2 ? b->extent[1] : 1;
}

static void NAME(matmul_forward)(const struct tensor_call *call)
{
	size_t m, k, n;
	NAME(product_sizes)(call, &m, &k, &n);
	if (n == 1) {
		REAL bias = call->step->op == TENSOR_affine ? *(const REAL *)call->in[2] : 0;
		call->program->kernels->NAME(matvec_ahead)(m, k, call->in[0], k, call->in[1], bias, call->out,
							   call->step->streams ? call->next : NULL);
	} else {
		NAME(gemm)(false, false, m, n, k, call->in[0], k, call->in[1], n, false, call->out, n);
	}
}

/* Whether a gradient of 0 meets what is infinite or NaN. X itself is finite. */
static bool NAME(meets_infinite)(const struct tensor_call *call, size_t m, size_t k, size_t n)
{
	const bool data = call->program->place[call->step->in[0]] == PLACE_FEATURES;
	const bool reads[] = { call->d_in[1] != NULL && !data, call->d_in[0] != NULL };
	return (reads[0] || reads[1]) && NAME(has_zero)(m * n, call->d_out) &&
	       ((reads[0] && !NAME(all_finite)(call->program->kernels, m * k, call->in[0])) ||
		(reads[1] && !NAME(all_finite)(call->program->kernels, k * n, call->in[1])));
}

/* matmul_reverse number by number, without the products of a gradient that is 0. */
static void NAME(matmul_reverse_guarded)(const struct tensor_call *call, size_t m, size_t k, size_t n)
{
	const REAL *a = call->in[0], *b = call->in[1], *d = call->d_out;
	REAL *to_a = call->d_in[0], *to_b = call->d_in[1];
	for (size_t r = 0; r < m; r++, d += n) {
		for (size_t i = 0; i < k; i++) {
			for (size_t j = 0; to_a != NULL && j < n; j++) {
				to_a[r * k + i] += d[j] != 0 ? d[j] * b[i * n + j] : 0;
			}
			for (size_t j = 0; to_b != NULL && j < n; j++) {
				to_b[i * n + j] += d[j] != 0 ? d[j] * a[r * k + i] : 0;
			}
		}
	}
}

static void NAME(matmul_reverse)(const struct tensor_call *call)
{
	size_t m, k, n;
	NAME(product_sizes)(call, &m, &k, &n);
	if (NAME(meets_infinite)(call, m, k, n)) {
		NAME(matmul_reverse_guarded)(call, m, k, n);
		return;
	}
	if (call->d_in[1] != NULL && n == 1) {
		call->program->kernels->NAME(matvec_t_ahead)(m, k, call->in[0], k, call->d_out, call->d_in[1],
							     call->step->streams ? call->next : NULL);
	} else if (call->d_in[1] != NULL) {
		NAME(gemm)(true, false, k, n, m, call->in[0], k, call->d_out, n, true, call->d_in[1], n);
	}
	if (call->d_in[0] != NULL) {
		NAME(gemm)(false, true, m, k, n, call->d_out, n, call->in[1], n, true, call->d_in[0], k);
	}
}

/* X w + b: b gets the sum. */
static void NAME(affine_reverse)(const struct tensor_call *call)
{
	if (call->d_in[2] != NULL) {
		*(REAL *)call->d_in[2] += (REAL)NAME(sum_of)(call->rows, call->d_out);
	}
	NAME(matmul_reverse)(call);
}

static void NAME(affine_forward)(const struct tensor_call *call)
{
	NAME(matmul_forward)(call);
}
