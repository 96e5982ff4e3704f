/*
 * The ends of a symmetric matrix's spectrum from products with it: Lanczos' method, which finds in the same space as
 * power iteration does (span of v, Hv, H^2 v, ...) the best answer there is in it, and the other end as well.
 *
 *   beta_{k+1} v_{k+1} = H v_k - alpha_k v_k - beta_k v_{k-1},   T = tridiag(beta, alpha, beta) ~ V'HV
 *
 * The eigenvalues of T (bisection by Sturm's count) approach those of H from inside. All v are kept and made orthogonal
 * again where they are few numbers; else copies of the ends may turn up, which does not move the ends themselves.
 * Source: Golub and Van Loan 2013, algorithm 10.1.1 and section 8.4.1; Kuczynski and Wozniakowski 1992 (the error).
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/random.h"
#include "core/base/size.h"
#include "core/certificate/internal.h"

enum { PRODUCTS_MOST = 64, KEPT_NUMBERS = 1 << 20, BISECTIONS = 120 };
/* The ends have settled when a product moves the largest by less than this part of it, and the smallest by less than
 * this part of itself. */
static const double settled = 1e-9;

struct lanczos {
	size_t n, kept; /* kept: vectors that are kept, 2 where not all */
	double alpha[PRODUCTS_MOST], beta[PRODUCTS_MOST + 1];
	double *v; /* [kept, n] */
	double *w; /* [n] */
};

static size_t kept_of(size_t n, size_t most)
{
	return n <= KEPT_NUMBERS / most ? most : 2;
}

bool lanczos_bytes(size_t n, size_t *bytes)
{
	return size_multiply(kept_of(n, PRODUCTS_MOST) + 1, n, bytes) && size_multiply(*bytes, sizeof(double), bytes);
}

static double dot(const double *a, const double *b, size_t n)
{
	double lane[8] = { 0 }, sum = 0;
	size_t i = 0;
	for (; i + 8 <= n; i += 8) {
		for (size_t l = 0; l < 8; l++) {
			lane[l] += a[i + l] * b[i + l];
		}
	}
	for (; i < n; i++) {
		sum += a[i] * b[i];
	}
	for (size_t l = 0; l < 8; l++) {
		sum += lane[l];
	}
	return sum;
}

static void add(double *out, double a, const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		out[i] += a * x[i];
	}
}

/* How many eigenvalues of T [k, k] lie below x. */
static size_t below(const struct lanczos *self, size_t k, double x)
{
	size_t count = 0;
	double d = 1;
	for (size_t i = 0; i < k; i++) {
		const double b = i == 0 ? 0 : self->beta[i];
		d = self->alpha[i] - x - b * b / (d == 0 ? DBL_MIN : d);
		count += d < 0;
	}
	return count;
}

/* Eigenvalue number `index` of T [k, k], from the smallest. */
static double eigenvalue(const struct lanczos *self, size_t k, size_t index)
{
	double low = INFINITY, high = -INFINITY;
	for (size_t i = 0; i < k; i++) {
		const double radius = (i == 0 ? 0 : self->beta[i]) + (i + 1 == k ? 0 : self->beta[i + 1]);
		low = fmin(low, self->alpha[i] - radius);
		high = fmax(high, self->alpha[i] + radius);
	}
	for (size_t i = 0; i < BISECTIONS; i++) {
		const double middle = low + 0.5 * (high - low);
		if (middle <= low || middle >= high) {
			break;
		}
		if (below(self, k, middle) > index) {
			high = middle;
		} else {
			low = middle;
		}
	}
	return low + 0.5 * (high - low);
}

static double *vector(const struct lanczos *self, size_t k)
{
	return self->v + (k % self->kept) * self->n;
}

/* w = what is left of H v_k after the directions that are known. */
static void orthogonalise(struct lanczos *self, size_t k)
{
	const size_t n = self->n;
	const double before = self->beta[k];
	self->alpha[k] = dot(self->w, vector(self, k), n);
	add(self->w, -self->alpha[k], vector(self, k), n);
	if (before != 0) { /* beta_0 is 0: there is no vector before the first */
		add(self->w, -before, vector(self, k - 1), n);
	}
	for (size_t j = 0; self->kept > 2 && j <= k; j++) {
		add(self->w, -dot(self->w, vector(self, j), n), vector(self, j), n);
	}
	self->beta[k + 1] = sqrt(dot(self->w, self->w, n));
}

static bool ended(const struct lanczos *self, size_t k, const struct spectrum *now, const struct spectrum *before)
{
	const double size = fmax(fabs(now->largest), fabs(now->smallest));
	const bool large = fabs(now->largest - before->largest) <= settled * size;
	const bool small = fabs(now->smallest - before->smallest) <= settled * fabs(now->smallest);
	return k + 1 >= self->n || self->beta[k + 1] <= 1e-14 * size || (large && small);
}

static enum status iterate(struct lanczos *self, size_t most, hessian_product *product, void *context,
			   struct spectrum *out)
{
	struct spectrum before = { NAN, NAN, 0 };
	double *v = vector(self, 0);

	for (size_t i = 0; i < self->n; i++) {
		v[i] = 2 * random_uniform(2385, RANDOM_SAMPLE, 1, i) - 1;
	}
	const double norm = sqrt(dot(v, v, self->n));
	for (size_t i = 0; i < self->n; i++) {
		v[i] /= norm;
	}
	for (size_t k = 0; k < most; k++) {
		const enum status status = product(context, vector(self, k), self->w);
		if (status != OK) {
			return status;
		}
		orthogonalise(self, k);
		if (!isfinite(self->alpha[k]) || !isfinite(self->beta[k + 1])) {
			return E_UNSUPPORTED;
		}
		*out = (struct spectrum){ eigenvalue(self, k + 1, 0), eigenvalue(self, k + 1, k), k + 1 };
		if (ended(self, k, out, &before)) {
			break;
		}
		before = *out;
		double *next = vector(self, k + 1);
		for (size_t i = 0; i < self->n && k + 1 < most; i++) {
			next[i] = self->w[i] / self->beta[k + 1];
		}
	}
	return OK;
}

enum status lanczos(size_t n, size_t most, hessian_product *product, void *context, struct spectrum *out)
{
	size_t bytes;
	most = most < PRODUCTS_MOST ? most : PRODUCTS_MOST;
	if (most == 0 || !lanczos_bytes(n, &bytes)) {
		return E_UNSUPPORTED;
	}
	double *memory = malloc(bytes);
	if (memory == NULL) {
		return E_MEMORY;
	}
	struct lanczos self = { .n = n, .kept = kept_of(n, PRODUCTS_MOST), .v = memory };
	self.w = memory + self.kept * n;
	const enum status status = iterate(&self, most, product, context, out);
	free(memory);
	return status;
}
