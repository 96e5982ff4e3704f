/*
 * Least squares in closed form, to say how far from it a run ended.
 *
 *   (2c/N C + l2 I) W = 2c/N R,   C = sum_i (x_i - m)(x_i - m)',   R = sum_i (x_i - m)(y_i - mean y)',   b = mean y - m
 * W
 *
 * (m = 0 without a free intercept; a penalized one is a feature that is 1.) Cholesky's factors, then two rounds of
 * refinement with the residual from the data itself, which win back what forming C loses.
 * Source: Golub and Van Loan 2013, sections 4.2 and 5.3; Higham 2002, chapter 12.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"
#include "core/certificate/internal.h"
#include "core/kernels/gemm.h"

enum { BLOCK_ROWS = 256, REFINEMENTS = 2 };
/* A pivot below this part of its diagonal entry: columns that depend on each other, to rounding. */
static const double pivot_least = 1e-12;

struct normal {
	struct glm *linear;
	size_t p, outputs; /* columns: features, and 1 for a penalized intercept */
	bool centred;
	double *a;     /* [p, p] the matrix, then its factor in the lower half */
	double *block; /* [BLOCK_ROWS, p] */
	double *mean;  /* [p] */
	double *w, *b; /* [features + 1, outputs] the solution: w has [p, outputs], b the free intercept */
	double *right; /* [p, outputs] */
};

static bool lengths(size_t features, size_t outputs, size_t *square, size_t *block, size_t *tall)
{
	const size_t p = features + 1;
	return p > features && size_multiply(p, p, square) && size_multiply(p, BLOCK_ROWS, block) &&
	       size_multiply(p, outputs, tall);
}

bool closed_form_bytes(size_t features, size_t outputs, size_t *bytes)
{
	size_t square, block, tall, sum;
	return lengths(features, outputs, &square, &block, &tall) && size_multiply(tall, 2, &tall) &&
	       size_add(square, block, &sum) && size_add(sum, tall, &sum) &&
	       size_add(sum, features + 2 + outputs, &sum) && size_multiply(sum, sizeof(double), bytes);
}

/* A block of rows as doubles, less the means. */
static void fill_block(const struct normal *self, size_t first, size_t count)
{
	const struct data_view *data = self->linear->data;
	const size_t features = self->linear->features;

	for (size_t i = 0; i < count; i++) {
		double *row = self->block + i * self->p;
		for (size_t j = 0; j < features; j++) {
			const size_t at = (first + i) * features + j;
			row[j] = dtype_get(data->dtype, data->x, at) - self->mean[j];
		}
		if (self->p > features) {
			row[features] = 1;
		}
	}
}

/* a = 2c/N C + l2 I */
static enum status form(struct normal *self)
{
	const struct glm *linear = self->linear;
	const size_t p = self->p;

	for (size_t first = 0; first < linear->rows; first += BLOCK_ROWS) {
		const size_t left = linear->rows - first, count = left < BLOCK_ROWS ? left : BLOCK_ROWS;
		if (executor_stopped(linear->executor)) {
			return E_CANCELLED;
		}
		fill_block(self, first, count);
		gemm_f64(true, false, p, p, count, self->block, p, self->block, p, first > 0, self->a, p);
	}
	for (size_t i = 0; i < p * p; i++) {
		self->a[i] *= 2 * linear->scale / linear->count;
	}
	for (size_t j = 0; j < p; j++) {
		self->a[j * p + j] += linear->l2;
	}
	return OK;
}

/* a = L L', L in the lower half; E_UNSUPPORTED where a is singular to rounding. */
static enum status factor(struct normal *self)
{
	const size_t p = self->p;
	double *a = self->a;

	for (size_t j = 0; j < p; j++) {
		const double whole = a[j * p + j];
		double pivot = whole;
		for (size_t k = 0; k < j; k++) {
			pivot -= a[j * p + k] * a[j * p + k];
		}
		if (!(pivot > pivot_least * whole) || !isfinite(pivot)) {
			return E_UNSUPPORTED;
		}
		a[j * p + j] = sqrt(pivot);
		for (size_t i = j + 1; i < p; i++) {
			double sum = a[i * p + j];
			for (size_t k = 0; k < j; k++) {
				sum -= a[i * p + k] * a[j * p + k];
			}
			a[i * p + j] = sum / a[j * p + j];
		}
	}
	return OK;
}

/* right = a^-1 right */
static void solve(struct normal *self)
{
	const size_t p = self->p, outputs = self->outputs;
	const double *a = self->a;
	double *x = self->right;

	for (size_t k = 0; k < outputs; k++) {
		for (size_t i = 0; i < p; i++) {
			for (size_t j = 0; j < i; j++) {
				x[i * outputs + k] -= a[i * p + j] * x[j * outputs + k];
			}
			x[i * outputs + k] /= a[i * p + i];
		}
		for (size_t i = p; i-- > 0;) {
			for (size_t j = i + 1; j < p; j++) {
				x[i * outputs + k] -= a[j * p + i] * x[j * outputs + k];
			}
			x[i * outputs + k] /= a[i * p + i];
		}
	}
}

/* One Newton step from (w, b), which is the solution from anywhere but for rounding. */
static enum status refine(struct normal *self)
{
	struct glm *linear = self->linear;
	const size_t outputs = self->outputs, p = self->p, last = linear->features * outputs;

	enum status status = glm_outputs(linear, self->w, self->b);
	for (size_t i = 0; status == OK && i < linear->rows; i++) {
		for (size_t k = 0; k < outputs; k++) {
			double *u = &linear->u[i * outputs + k];
			glm_phi(linear, *u, glm_target(linear, i, k), u, NULL);
		}
	}
	if (status == OK) {
		status = glm_gather(linear);
	}
	if (status != OK) {
		return status;
	}
	for (size_t j = 0; j < p; j++) {
		for (size_t k = 0; k < outputs; k++) {
			const size_t at = j * outputs + k;
			const double slope = linear->product[at] - self->mean[j] * linear->product[last + k];
			self->right[at] = -slope / linear->count - linear->l2 * self->w[at];
		}
	}
	solve(self);
	for (size_t j = 0; j < p * outputs; j++) {
		self->w[j] += self->right[j];
	}
	for (size_t k = 0; k < outputs && self->centred; k++) {
		self->b[k] -= linear->product[last + k] / (2 * linear->scale * (double)linear->rows);
		for (size_t j = 0; j < p; j++) {
			self->b[k] -= self->mean[j] * self->right[j * outputs + k];
		}
	}
	return OK;
}

/* The distance to (w, b), and F here less F there: 1/2 d'Hd, which does not cancel as the difference would. */
static enum status compare(struct normal *self, double *distance, double *gap)
{
	struct glm *linear = self->linear;
	const size_t weights = linear->features * self->outputs;
	const size_t all = weights + (linear->intercept ? self->outputs : 0);
	double squares = 0, outer = 0;

	for (size_t j = 0; j < all; j++) {
		self->w[j] -= linear->w[j];
		squares += self->w[j] * self->w[j];
	}
	*distance = sqrt(squares);
	const enum status status = glm_outputs(linear, self->w, self->b);
	for (size_t i = 0; status == OK && i < linear->rows * self->outputs; i++) {
		outer += linear->u[i] * linear->u[i];
	}
	*gap = linear->scale * outer / linear->count;
	for (size_t j = 0; j < (linear->penalized ? all : weights); j++) {
		*gap += 0.5 * linear->l2 * self->w[j] * self->w[j];
	}
	return status;
}

static enum status run(struct normal *self, double *distance, double *gap)
{
	struct glm *linear = self->linear;
	enum status status = OK;

	if (self->centred) {
		for (size_t i = 0; i < linear->rows * self->outputs; i++) {
			linear->u[i] = 1;
		}
		status = glm_gather(linear);
		for (size_t j = 0; status == OK && j < linear->features; j++) {
			self->mean[j] = linear->product[j * self->outputs] / (double)linear->rows;
		}
	}
	if (status == OK) {
		status = form(self);
	}
	if (status == OK) {
		status = factor(self);
	}
	for (size_t r = 0; status == OK && r <= REFINEMENTS; r++) {
		status = refine(self);
	}
	return status == OK ? compare(self, distance, gap) : status;
}

enum status closed_form(struct glm *linear, double *distance, double *gap)
{
	size_t square, block, tall, bytes;

	if (linear->loss != GLM_SQUARES || linear->l1 > 0) {
		return E_UNSUPPORTED;
	}
	if (!closed_form_bytes(linear->features, linear->outputs, &bytes) ||
	    !lengths(linear->features, linear->outputs, &square, &block, &tall)) {
		return E_MEMORY;
	}
	double *memory = calloc(1, bytes);
	if (memory == NULL) {
		return E_MEMORY;
	}
	struct normal self = { .linear = linear,
			       .p = linear->features + (linear->penalized ? 1 : 0),
			       .outputs = linear->outputs,
			       .centred = linear->intercept && !linear->penalized,
			       .a = memory,
			       .block = memory + square };
	self.w = self.block + block;
	self.b = self.w + linear->features * linear->outputs;
	self.right = self.w + tall;
	self.mean = self.right + tall;
	const enum status status = run(&self, distance, gap);
	free(memory);
	return status;
}
