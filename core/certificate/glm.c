/*
 * A linear model's problem, written out in double precision: passes over the rows in a fixed number of pieces whose
 * sums are added in order, so that the bits do not depend on the executor. On purpose not core/linear, with which the
 * solvers work: what is said of their result does not rest on their arithmetic, takes every k-th row, and keeps a
 * number for each row from one pass to the next.
 */
#include "core/certificate/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"

enum { STOP_EVERY = 1024, LANES = 8 };

enum glm_loss glm_loss_of(const struct model_config *model)
{
	static const struct {
		const char *name;
		enum glm_loss loss;
	} table[] = {
		{ "mse", GLM_SQUARES },     { "squared_error", GLM_SQUARES },
		{ "huber", GLM_HUBER },     { "smooth_l1", GLM_HUBER },
		{ "poisson", GLM_POISSON }, { "log_loss", GLM_LOG },
		{ "hinge", GLM_HINGE },     { "squared_hinge", GLM_SQUARED_HINGE },
	};
	if (model == NULL || !model->type->linear || model->loss == NULL || model_class_weights(model) > 0) {
		return GLM_NONE;
	}
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (strcmp(model->loss->name, table[i].name) == 0) {
			return table[i].loss;
		}
	}
	return GLM_NONE;
}

/* Doubles of each array. */
static bool lengths(size_t features, size_t outputs, uint64_t rows, size_t *wide, size_t *long_)
{
	size_t more;
	return rows <= SIZE_MAX && size_add(features, 1, &more) && size_multiply(more, outputs, wide) &&
	       size_multiply((size_t)rows, outputs, long_);
}

bool glm_bytes(size_t features, size_t outputs, uint64_t rows, size_t *bytes)
{
	size_t wide, long_, sum;
	return lengths(features, outputs, rows, &wide, &long_) && size_multiply(wide, GLM_PIECES + 2, &sum) &&
	       size_multiply(long_, 2, &long_) && size_add(sum, long_, &sum) &&
	       size_multiply(sum, sizeof(double), bytes);
}

static void read_loss(struct glm *self, const struct model_config *model)
{
	const char *name = model->loss->name;
	self->loss = glm_loss_of(model);
	self->scale = 1;
	if (strcmp(name, "squared_error") == 0) {
		self->scale = 0.5;
	} else if (strcmp(name, "huber") == 0) {
		self->delta = settings_number(&model->loss_settings, "delta");
	} else if (strcmp(name, "smooth_l1") == 0) {
		self->delta = settings_number(&model->loss_settings, "beta");
		self->scale = 1 / self->delta;
	}
}

static double parameter(const struct certificate_request *request, size_t i)
{
	return dtype_get(request->objective->dtype, request->theta, i);
}

enum status glm_init(struct glm *self, const struct certificate_request *request)
{
	const struct model_config *model = request->model;
	const struct data_view *data = request->training;
	size_t wide, long_, bytes;

	memset(self, 0, sizeof *self);
	if (glm_loss_of(model) == GLM_NONE || data == NULL || data->rows == 0) {
		return E_UNSUPPORTED;
	}
	read_loss(self, model);
	self->l1 = settings_number(&model->settings, "l1");
	self->l2 = settings_number(&model->settings, "l2");
	self->intercept = settings_bool(&model->settings, "intercept");
	self->penalized = self->intercept && settings_bool(&model->settings, "penalize_intercept");
	self->data = data;
	self->features = data->features;
	self->outputs = request->objective->outputs;
	self->rows = data->rows;
	self->stride = 1;
	self->count = (double)self->rows * (double)self->outputs;
	self->executor = request->executor;
	if (!lengths(self->features, self->outputs, self->rows, &wide, &long_) ||
	    !glm_bytes(self->features, self->outputs, self->rows, &bytes) || (self->memory = malloc(bytes)) == NULL) {
		return E_MEMORY;
	}
	self->w = self->memory;
	self->b = self->w + self->features * self->outputs;
	self->product = self->w + wide;
	self->partial = self->product + wide;
	self->u = self->partial + GLM_PIECES * wide;
	self->kept = self->u + long_;
	for (size_t i = 0; i < wide; i++) {
		self->w[i] = i < request->objective->n ? parameter(request, i) : 0;
	}
	return OK;
}

void glm_fini(struct glm *self)
{
	free(self->memory);
	self->memory = NULL;
}

#define REAL       float
#define NAME(name) name##_f32
#include "core/certificate/glm.inc.c"
#undef REAL
#undef NAME
#define REAL       double
#define NAME(name) name##_f64
#include "core/certificate/glm.inc.c"
#undef REAL
#undef NAME

struct pass {
	struct glm *self;
	const double *w, *b;
};

/* The rows of a piece. */
static void piece_rows(const struct glm *self, size_t index, size_t *begin, size_t *end)
{
	const size_t each = (self->rows + GLM_PIECES - 1) / GLM_PIECES;
	*begin = index * each < self->rows ? index * each : self->rows;
	*end = self->rows - *begin < each ? self->rows : *begin + each;
}

static void outputs_piece(void *context, size_t index, size_t slot)
{
	const struct pass *pass = context;
	struct glm *self = pass->self;
	size_t begin, end;

	(void)slot;
	piece_rows(self, index, &begin, &end);
	for (size_t i = begin; i < end; i++) {
		if (i % STOP_EVERY == 0 && executor_stopped(self->executor)) {
			return;
		}
		if (self->data->dtype == DTYPE_FLOAT32) {
			row_outputs_f32(self, i, pass->w, pass->b);
		} else {
			row_outputs_f64(self, i, pass->w, pass->b);
		}
	}
}

static void gather_piece(void *context, size_t index, size_t slot)
{
	struct glm *self = context;
	const size_t wide = (self->features + 1) * self->outputs;
	double *sum = self->partial + index * wide;
	size_t begin, end;

	(void)slot;
	memset(sum, 0, wide * sizeof *sum);
	piece_rows(self, index, &begin, &end);
	for (size_t i = begin; i < end; i++) {
		if (i % STOP_EVERY == 0 && executor_stopped(self->executor)) {
			return;
		}
		if (self->data->dtype == DTYPE_FLOAT32) {
			row_gather_f32(self, i, sum);
		} else {
			row_gather_f64(self, i, sum);
		}
		for (size_t k = 0; k < self->outputs; k++) {
			sum[self->features * self->outputs + k] += self->u[i * self->outputs + k];
		}
	}
}

enum status glm_outputs(struct glm *self, const double *w, const double *b)
{
	struct pass pass = { self, w, b };
	self->executor->run(self->executor, GLM_PIECES, outputs_piece, &pass);
	return executor_stopped(self->executor) ? E_CANCELLED : OK;
}

enum status glm_gather(struct glm *self)
{
	const size_t wide = (self->features + 1) * self->outputs;
	self->executor->run(self->executor, GLM_PIECES, gather_piece, self);
	if (executor_stopped(self->executor)) {
		return E_CANCELLED;
	}
	memset(self->product, 0, wide * sizeof(double));
	for (size_t p = 0; p < GLM_PIECES; p++) {
		for (size_t j = 0; j < wide; j++) {
			self->product[j] += self->partial[p * wide + j];
		}
	}
	return OK;
}

double glm_target(const struct glm *self, size_t i, size_t k)
{
	const struct data_view *data = self->data;
	i *= self->stride;
	if (self->loss == GLM_LOG) {
		return data->label[i];
	}
	if (self->loss == GLM_HINGE || self->loss == GLM_SQUARED_HINGE) {
		return 2 * data->label[i] - 1;
	}
	const size_t at = i * self->outputs + k;
	return dtype_get(data->dtype, data->y, at);
}

double glm_penalty(const struct glm *self, const double *w, const double *b)
{
	double sizes = 0, squares = 0;
	for (size_t j = 0; j < self->features * self->outputs; j++) {
		sizes += fabs(w[j]);
		squares += w[j] * w[j];
	}
	for (size_t k = 0; self->penalized && k < self->outputs; k++) {
		sizes += fabs(b[k]);
		squares += b[k] * b[k];
	}
	return self->l1 * sizes + 0.5 * self->l2 * squares;
}

static double set(double *place, double value)
{
	if (place != NULL) {
		*place = value;
	}
	return value;
}

double glm_phi(const struct glm *self, double z, double y, double *first, double *second)
{
	const double d = z - y, margin = 1 - y * z, p = 1 / (1 + exp(-z));

	switch (self->loss) {
	case GLM_SQUARES:
		set(first, 2 * self->scale * d);
		set(second, 2 * self->scale);
		return self->scale * d * d;
	case GLM_LOG:
		set(first, y > 0.5 ? -1 / (1 + exp(z)) : p);
		set(second, p * (1 - p));
		return fmax(z, 0) + log1p(exp(-fabs(z))) - y * z;
	case GLM_HINGE:
		set(first, margin > 0 ? -y : 0);
		set(second, 0);
		return fmax(margin, 0);
	case GLM_SQUARED_HINGE:
		set(first, margin > 0 ? -2 * y * margin : 0);
		set(second, margin > 0 ? 2 : 0);
		return margin > 0 ? margin * margin : 0;
	case GLM_HUBER: {
		const bool inside = fabs(d) <= self->delta;
		set(first, self->scale * (inside ? d : copysign(self->delta, d)));
		set(second, inside ? self->scale : 0);
		return self->scale * (inside ? 0.5 * d * d : self->delta * (fabs(d) - 0.5 * self->delta));
	}
	case GLM_POISSON:
		set(first, exp(z) - y);
		set(second, exp(z));
		return exp(z) - y * z;
	case GLM_NONE:
	default:
		return NAN;
	}
}
