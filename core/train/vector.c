#include <math.h>
#include <string.h>

#include "core/train/internal.h"

struct update_pass {
	const struct trainer *trainer;
	const struct step *step;
	double factor, limit;
	bool measure;
};

#define REAL_IS_FLOAT 1
#include "core/train/vector.inc.c"
#define REAL_IS_FLOAT 0
#include "core/train/vector.inc.c"

size_t vector_chunks(size_t n)
{
	return n / VECTOR_CHUNK + (n % VECTOR_CHUNK != 0);
}

static size_t chunk_end(size_t n, size_t begin)
{
	return n - begin < VECTOR_CHUNK ? n : begin + VECTOR_CHUNK;
}

/* Runs `piece` on every chunk: on the caller where the vector is short. */
static void run_chunks(struct trainer *trainer, executor_piece *piece, void *context)
{
	const size_t chunks = vector_chunks(trainer->n);
	if (trainer->n >= VECTOR_PARALLEL) {
		trainer->setup.executor->run(trainer->setup.executor, chunks, piece, context);
		return;
	}
	for (size_t c = 0; c < chunks; c++) {
		piece(context, c, 0);
	}
}

struct norm_pass {
	const struct trainer *trainer;
	const void *v;
};

static double sum_squares(const struct trainer *trainer, const void *v, size_t begin, size_t end)
{
	return trainer->dtype == DTYPE_FLOAT32 ? squares_f32(trainer->kernels, end - begin, (const float *)v + begin)
					       : squares_f64(trainer->kernels, end - begin, (const double *)v + begin);
}

static void norm_piece(void *context, size_t index, size_t slot)
{
	const struct norm_pass *pass = context;
	const size_t begin = index * VECTOR_CHUNK;

	(void)slot;
	pass->trainer->partial[index] = sum_squares(pass->trainer, pass->v, begin, chunk_end(pass->trainer->n, begin));
}

double vector_norm(struct trainer *trainer, const void *v)
{
	struct norm_pass pass = { trainer, v };
	double sum = 0;

	if (trainer->n <= VECTOR_CHUNK) {
		sum = sum_squares(trainer, v, 0, trainer->n);
	} else {
		run_chunks(trainer, norm_piece, &pass);
		for (size_t c = 0; c < vector_chunks(trainer->n); c++) {
			sum += trainer->partial[c];
		}
	}
	if (isfinite(sum)) {
		return sqrt(sum);
	}
	return trainer->dtype == DTYPE_FLOAT32 ? norm_scaled_f32(v, trainer->n) : norm_scaled_f64(v, trainer->n);
}

struct stationarity_pass {
	const struct trainer *trainer;
	const void *x, *g;
};

static void stationarity_piece(void *context, size_t index, size_t slot)
{
	const struct stationarity_pass *pass = context;
	const struct objective *objective = pass->trainer->setup.objective;
	const size_t begin = index * VECTOR_CHUNK, end = chunk_end(pass->trainer->n, begin);
	double sum = 0;

	(void)slot;
	for (size_t i = 0; i < objective->tensors; i++) {
		const struct tensor *tensor = &objective->tensor[i];
		const size_t from = tensor->offset > begin ? tensor->offset : begin;
		const size_t to = tensor->offset + tensor->size < end ? tensor->offset + tensor->size : end;
		if (from < to) {
			sum += pass->trainer->dtype == DTYPE_FLOAT32
				       ? least_squares_f32(pass->x, pass->g, objective->l1[i], from, to)
				       : least_squares_f64(pass->x, pass->g, objective->l1[i], from, to);
		}
	}
	pass->trainer->partial[index] = sum;
}

double vector_stationarity(struct trainer *trainer, const void *x, const void *g)
{
	struct stationarity_pass pass = { trainer, x, g };
	double sum = 0;

	if (!trainer->proximal) {
		return vector_norm(trainer, g);
	}
	run_chunks(trainer, stationarity_piece, &pass);
	for (size_t c = 0; c < vector_chunks(trainer->n); c++) {
		sum += trainer->partial[c];
	}
	return sqrt(sum);
}

bool vector_finite(const struct trainer *trainer, const void *v)
{
	return trainer->dtype == DTYPE_FLOAT32 ? trainer->kernels->all_finite_f32(trainer->n, v)
					       : trainer->kernels->all_finite_f64(trainer->n, v);
}

struct pair_pass {
	const struct trainer *trainer;
	const void *x, *y;
	void *out;
	double a, b;
	bool measure;
};

static void dot_piece(void *context, size_t index, size_t slot)
{
	const struct pair_pass *pass = context;
	const struct trainer *trainer = pass->trainer;
	const size_t begin = index * VECTOR_CHUNK, count = chunk_end(trainer->n, begin) - begin;

	(void)slot;
	trainer->partial[index] = trainer->dtype == DTYPE_FLOAT32
					  ? trainer->kernels->dot_f32(count, (const float *)pass->x + begin,
								      (const float *)pass->y + begin)
					  : trainer->kernels->dot_f64(count, (const double *)pass->x + begin,
								      (const double *)pass->y + begin);
}

double vector_dot(struct trainer *trainer, const void *a, const void *b)
{
	struct pair_pass pass = { .trainer = trainer, .x = a, .y = b };
	double sum = 0;

	run_chunks(trainer, dot_piece, &pass);
	for (size_t c = 0; c < vector_chunks(trainer->n); c++) {
		sum += trainer->partial[c];
	}
	return sum;
}

static void combine_piece(void *context, size_t index, size_t slot)
{
	const struct pair_pass *pass = context;
	const struct trainer *trainer = pass->trainer;
	const size_t begin = index * VECTOR_CHUNK, count = chunk_end(trainer->n, begin) - begin;

	(void)slot;
	if (trainer->dtype == DTYPE_FLOAT32) {
		trainer->kernels->combine_f32(count, (float)pass->a, (const float *)pass->x + begin, (float)pass->b,
					      (const float *)pass->y + begin, (float *)pass->out + begin);
	} else {
		trainer->kernels->combine_f64(count, pass->a, (const double *)pass->x + begin, pass->b,
					      (const double *)pass->y + begin, (double *)pass->out + begin);
	}
}

void vector_combine(struct trainer *trainer, double a, const void *x, double b, const void *y, void *out)
{
	struct pair_pass pass = { .trainer = trainer, .x = x, .y = y, .out = out, .a = a, .b = b };

	run_chunks(trainer, combine_piece, &pass);
}

double vector_largest(const struct trainer *trainer, const void *v)
{
	return trainer->dtype == DTYPE_FLOAT32 ? largest_f32(v, trainer->n) : largest_f64(v, trainer->n);
}

double vector_sum_sizes(struct trainer *trainer, const void *v)
{
	return trainer->dtype == DTYPE_FLOAT32 ? trainer->kernels->sum_abs_f32(trainer->n, v)
					       : trainer->kernels->sum_abs_f64(trainer->n, v);
}

static void transform_piece(void *context, size_t index, size_t slot)
{
	const struct pair_pass *pass = context;
	const struct trainer *trainer = pass->trainer;
	const size_t begin = index * VECTOR_CHUNK, count = chunk_end(trainer->n, begin) - begin;

	(void)slot;
	if (trainer->dtype == DTYPE_FLOAT32) {
		transform_f32(trainer->kernels, pass->a, pass->b, count, (float *)pass->out + begin);
	} else {
		transform_f64(trainer->kernels, pass->a, pass->b, count, (double *)pass->out + begin);
	}
}

void vector_transform(struct trainer *trainer, void *v, double factor, double limit)
{
	struct pair_pass pass = { .trainer = trainer, .out = v, .a = factor, .b = limit };

	if (factor != 1 || !isnan(limit)) {
		run_chunks(trainer, transform_piece, &pass);
	}
}

static void look_ahead_piece(void *context, size_t index, size_t slot)
{
	const struct trainer *trainer = context;
	const struct optimizer *optimizer = &trainer->optimizer;
	const size_t begin = index * VECTOR_CHUNK, end = chunk_end(trainer->n, begin);

	(void)slot;
	if (trainer->dtype == DTYPE_FLOAT32) {
		optimizer->type->look_ahead_f32(optimizer, trainer->theta, trainer->point, begin, end);
	} else {
		optimizer->type->look_ahead_f64(optimizer, trainer->theta, trainer->point, begin, end);
	}
}

void vector_look_ahead(struct trainer *trainer)
{
	run_chunks(trainer, look_ahead_piece, trainer);
}

static void update_piece(void *context, size_t index, size_t slot)
{
	const struct update_pass *pass = context;
	const size_t begin = index * VECTOR_CHUNK, end = chunk_end(pass->trainer->n, begin);
	double *sums = pass->trainer->partial + 2 * index;

	(void)slot;
	if (pass->trainer->dtype == DTYPE_FLOAT32) {
		update_chunk_f32(pass, begin, end, sums);
	} else {
		update_chunk_f64(pass, begin, end, sums);
	}
}

/* The proximal part of an update that was whole. */
static void shrink_piece(void *context, size_t index, size_t slot)
{
	const struct update_pass *pass = context;
	const size_t begin = index * VECTOR_CHUNK, end = chunk_end(pass->trainer->n, begin);

	(void)slot;
	if (pass->trainer->dtype == DTYPE_FLOAT32) {
		shrink_f32(pass->trainer, pass->step, begin, end);
	} else {
		shrink_f64(pass->trainer, pass->step, begin, end);
	}
}

static void measure_piece(void *context, size_t index, size_t slot)
{
	const struct update_pass *pass = context;
	const struct trainer *trainer = pass->trainer;
	const size_t begin = index * VECTOR_CHUNK, end = chunk_end(trainer->n, begin);
	double *sums = trainer->partial + 2 * index;

	(void)slot;
	if (trainer->dtype == DTYPE_FLOAT32) {
		measure_chunk_f32(trainer, begin, end, sums);
	} else {
		measure_chunk_f64(trainer, begin, end, sums);
	}
}

/* The optimizer's own passes, or those of its update(), between ours. */
static void update_apart(struct trainer *trainer, struct update_pass *pass)
{
	const struct optimizer_type *type = trainer->optimizer.type;
	const bool measure = pass->measure;

	vector_transform(trainer, trainer->gradient, pass->factor, pass->limit);
	decay_coupled(trainer, trainer->look_ahead ? trainer->point : trainer->theta);
	if (measure) {
		memcpy(trainer->point, trainer->theta, trainer->n * dtype_size(trainer->dtype));
	}
	decay_decoupled(trainer, pass->step->learning_rate);
	if (type->whole_f64 != NULL) {
		(trainer->dtype == DTYPE_FLOAT32 ? type->whole_f32 : type->whole_f64)(&trainer->optimizer, pass->step);
		if (trainer->proximal) {
			run_chunks(trainer, shrink_piece, pass);
		}
	} else {
		pass->factor = 1;
		pass->limit = NAN;
		pass->measure = false;
		run_chunks(trainer, update_piece, pass);
	}
	if (trainer->bounded) {
		box_project(trainer, trainer->theta);
	}
	if (measure) {
		run_chunks(trainer, measure_piece, pass);
	}
}

/* |dx| and |x| from the chunks' sums; NAN when they were not measured. */
static void keep_measured(struct trainer *trainer, bool measure)
{
	double change = 0, norm = 0;

	for (size_t c = 0; measure && c < vector_chunks(trainer->n); c++) {
		change += trainer->partial[2 * c];
		norm += trainer->partial[2 * c + 1];
	}
	trainer->state->change = measure ? sqrt(change) : (double)NAN;
	trainer->state->norm = measure ? sqrt(norm) : (double)NAN;
}

void vector_update(struct trainer *trainer, const struct step *step, double factor, double limit, bool measure)
{
	struct update_pass pass = { trainer, step, factor, limit, measure };

	if (trainer->apart) {
		update_apart(trainer, &pass);
	} else {
		run_chunks(trainer, update_piece, &pass);
	}
	keep_measured(trainer, measure);
}

static void move_piece(void *context, size_t index, size_t slot)
{
	const struct pair_pass *pass = context;
	const struct trainer *trainer = pass->trainer;
	const size_t begin = index * VECTOR_CHUNK, count = chunk_end(trainer->n, begin) - begin;
	double *sums = pass->measure ? trainer->partial + 2 * index : NULL;

	(void)slot;
	if (trainer->dtype == DTYPE_FLOAT32) {
		move_f32(trainer->kernels, count, (const float *)pass->x + begin, (float *)pass->out + begin, sums);
	} else {
		move_f64(trainer->kernels, count, (const double *)pass->x + begin, (double *)pass->out + begin, sums);
	}
}

void vector_move(struct trainer *trainer, const void *next, bool measure)
{
	struct pair_pass pass = { .trainer = trainer, .x = next, .out = trainer->theta, .measure = measure };

	run_chunks(trainer, move_piece, &pass);
	keep_measured(trainer, measure);
}
