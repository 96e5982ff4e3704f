#include "core/kernels/dual.h"

enum { TILE = 256 };

static void matvec_ahead(size_t rows, size_t columns, const dual *x, size_t ld, const dual *w, dual bias, dual *z,
			 const dual *next)
{
	(void)next;
	for (size_t r = 0; r < rows; r++) {
		dual sum = bias;
		for (size_t c = 0; c < columns; c++) {
			sum += x[r * ld + c] * w[c];
		}
		z[r] = sum;
	}
}

static void matvec_t_ahead(size_t rows, size_t columns, const dual *x, size_t ld, const dual *d, dual *g,
			   const dual *next)
{
	(void)next;
	for (size_t r = 0; r < rows; r++) {
		for (size_t c = 0; c < columns; c++) {
			g[c] += d[r] * x[r * ld + c];
		}
	}
}

static void add(size_t n, const dual *x, dual *y)
{
	for (size_t i = 0; i < n; i++) {
		y[i] += x[i];
	}
}

static void add_row(size_t rows, size_t columns, dual *z, const dual *b)
{
	for (size_t r = 0; r < rows; r++) {
		add(columns, b, z + r * columns);
	}
}

static void column_sums(size_t rows, size_t columns, const dual *d, dual *g)
{
	for (size_t r = 0; r < rows; r++) {
		add(columns, d + r * columns, g);
	}
}

static void axpy(size_t n, dual a, const dual *x, dual *y)
{
	for (size_t i = 0; i < n; i++) {
		y[i] += a * x[i];
	}
}

static dual dot(size_t n, const dual *x, const dual *y)
{
	dual sum = 0;
	for (size_t i = 0; i < n; i++) {
		sum += x[i] * y[i];
	}
	return sum;
}

static void combine(size_t n, dual a, const dual *x, dual b, const dual *y, dual *out)
{
	for (size_t i = 0; i < n; i++) {
		out[i] = a * x[i] + b * y[i];
	}
}

static void axpy_sign(size_t n, dual a, const dual *x, dual *y)
{
	for (size_t i = 0; i < n; i++) {
		y[i] += a * (double)((creal(x[i]) > 0) - (creal(x[i]) < 0));
	}
}

/* Element-wise functions, their values by the kernels of double, and their ways back from y. */
#define FUNCTION(f, slope)                                                                                             \
	static void f##_all(size_t n, const dual *x, dual *y)                                                          \
	{                                                                                                              \
		const struct kernels *kernels = kernels_active();                                                      \
		double value[TILE];                                                                                    \
		for (size_t first = 0; first < n; first += TILE) {                                                     \
			const size_t count = n - first < TILE ? n - first : TILE;                                      \
			for (size_t i = 0; i < count; i++) {                                                           \
				value[i] = creal(x[first + i]);                                                        \
			}                                                                                              \
			kernels->f##_f64(count, value, value);                                                         \
			for (size_t i = 0; i < count; i++) {                                                           \
				const double a = creal(x[first + i]), v = value[i];                                    \
				(void)a;                                                                               \
				y[first + i] = dual_of(v, dual_part(slope, cimag(x[first + i])));                      \
			}                                                                                              \
		}                                                                                                      \
	}
FUNCTION(relu, (double)(a > 0))
FUNCTION(tanh, 1 - v * v)
FUNCTION(sigmoid, v *(1 - v))
FUNCTION(exp, v)
FUNCTION(log, 1 / a)
#undef FUNCTION

#define BACK(f, slope)                                                                                                 \
	static void f##_all_back(size_t n, const dual *ys, const dual *dy, dual *dx)                                   \
	{                                                                                                              \
		for (size_t i = 0; i < n; i++) {                                                                       \
			const dual y = ys[i];                                                                          \
			dx[i] = dy[i] * (slope);                                                                       \
		}                                                                                                      \
	}
BACK(relu, (dual)(creal(y) > 0))
BACK(tanh, 1 - y * y)
BACK(sigmoid, y *(1 - y))
#undef BACK

/* Losses: their derivatives alone. */
static dual squared_error(size_t n, const dual *z, const dual *y, dual scale, dual *d, bool want_sum)
{
	(void)want_sum;
	for (size_t i = 0; i < n && d != NULL; i++) {
		d[i] = scale * 2 * (z[i] - y[i]);
	}
	return 0;
}

static dual bce_logits(size_t n, const dual *z, const dual *y, dual scale, dual *d, bool want_sum)
{
	(void)want_sum;
	for (size_t i = 0; i < n && d != NULL; i++) {
		d[i] = scale * (expit_dual(z[i]) - y[i]);
	}
	return 0;
}

static dual bce_logits_label(size_t n, const dual *z, const int32_t *label, dual scale, dual *d, bool want_sum)
{
	(void)want_sum;
	for (size_t i = 0; i < n && d != NULL; i++) {
		d[i] = scale * (expit_dual(z[i]) - (double)label[i]);
	}
	return 0;
}

static dual softmax_xent(size_t rows, size_t classes, const dual *z, const int32_t *label, dual scale, dual *d,
			 bool want_sum)
{
	(void)want_sum;
	for (size_t r = 0; r < rows && d != NULL; r++, z += classes, d += classes) {
		dual most = z[0], sum = 0;
		for (size_t c = 1; c < classes; c++) {
			most = creal(z[c]) > creal(most) ? z[c] : most;
		}
		for (size_t c = 0; c < classes; c++) {
			sum += exp_dual(z[c] - most);
		}
		const dual shift = most + log_dual(sum);
		for (size_t c = 0; c < classes; c++) {
			d[c] = scale * (exp_dual(z[c] - shift) - (c == (size_t)label[r] ? 1 : 0));
		}
	}
	return 0;
}

/* Activations: the value and its derivative by the kernels of double, the slope in dual numbers by the text that these
 * are made of. */
static void activate(enum activation_kernel f, size_t n, const double *constant, const dual *x, dual *y)
{
	const struct kernels *kernels = kernels_active();
	double value[TILE], tangent[TILE], at[TILE];
	for (size_t first = 0; first < n; first += TILE) {
		const size_t count = n - first < TILE ? n - first : TILE;
		for (size_t i = 0; i < count; i++) {
			at[i] = creal(x[first + i]);
			tangent[i] = cimag(x[first + i]);
		}
		kernels->activate_f64[f](count, constant, at, value);
		kernels->activate_back_f64[f](count, constant, at, tangent, tangent);
		for (size_t i = 0; i < count; i++) {
			y[first + i] = dual_of(value[i], tangent[i]);
		}
	}
}

#define exp_one_dual     exp_dual
#define sigmoid_one_dual expit_dual
#define tanh_one_dual    tanh_dual
#define log1p_unit_dual  log1p_dual
#define IVDEP
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/base/real.h"
#include "core/kernels/isa/activation.inc.c"
#define FORWARD(name)                                                                                                  \
	static void activate_##name(size_t n, const double *constant, const dual *x, dual *y)                          \
	{                                                                                                              \
		activate(ACTIVATE_##name, n, constant, x, y);                                                          \
	}
ACTIVATION_KERNELS(FORWARD)
#define ENTRY(name)      [ACTIVATE_##name] = activate_##name,
#define ENTRY_BACK(name) [ACTIVATE_##name] = activate_back_##name##_dual,

const struct kernels kernels_dual = {
	.isa = "dual",
	.matvec_ahead_dual = matvec_ahead,
	.matvec_t_ahead_dual = matvec_t_ahead,
	.add_row_dual = add_row,
	.column_sums_dual = column_sums,
	.relu_dual = relu_all,
	.relu_back_dual = relu_all_back,
	.tanh_dual = tanh_all,
	.tanh_back_dual = tanh_all_back,
	.sigmoid_dual = sigmoid_all,
	.sigmoid_back_dual = sigmoid_all_back,
	.exp_dual = exp_all,
	.log_dual = log_all,
	.activate_dual = { ACTIVATION_KERNELS(ENTRY) },
	.activate_back_dual = { ACTIVATION_KERNELS(ENTRY_BACK) },
	.squared_error_dual = squared_error,
	.bce_logits_dual = bce_logits,
	.bce_logits_label_dual = bce_logits_label,
	.softmax_xent_dual = softmax_xent,
	.dot_dual = dot,
	.add_dual = add,
	.axpy_dual = axpy,
	.combine_dual = combine,
	.axpy_sign_dual = axpy_sign,
};
