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

bool vector_finite(const struct trainer *trainer, const void *v)
{
	return trainer->dtype == DTYPE_FLOAT32 ? trainer->kernels->all_finite_f32(trainer->n, v)
					       : trainer->kernels->all_finite_f64(trainer->n, v);
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

static void transform_piece(void *context, size_t index, size_t slot)
{
	const struct update_pass *pass = context;
	const struct trainer *trainer = pass->trainer;
	const size_t begin = index * VECTOR_CHUNK, count = chunk_end(trainer->n, begin) - begin;

	(void)slot;
	if (trainer->dtype == DTYPE_FLOAT32) {
		transform_f32(trainer->kernels, pass->factor, pass->limit, count, (float *)trainer->gradient + begin);
	} else {
		transform_f64(trainer->kernels, pass->factor, pass->limit, count, (double *)trainer->gradient + begin);
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

/* The optimizer's own passes, between ours. */
static void update_whole(struct trainer *trainer, struct update_pass *pass)
{
	const struct optimizer_type *type = trainer->optimizer.type;

	if (pass->factor != 1 || !isnan(pass->limit)) {
		run_chunks(trainer, transform_piece, pass);
	}
	if (pass->measure) {
		memcpy(trainer->point, trainer->theta, trainer->n * dtype_size(trainer->dtype));
	}
	(trainer->dtype == DTYPE_FLOAT32 ? type->whole_f32 : type->whole_f64)(&trainer->optimizer, pass->step);
	if (pass->measure) {
		run_chunks(trainer, measure_piece, pass);
	}
}

void vector_update(struct trainer *trainer, const struct step *step, double factor, double limit, bool measure)
{
	struct update_pass pass = { trainer, step, factor, limit, measure };

	if (trainer->optimizer.type->whole_f64 != NULL) {
		update_whole(trainer, &pass);
	} else {
		run_chunks(trainer, update_piece, &pass);
	}
	trainer->state->change = NAN;
	trainer->state->norm = NAN;
	if (measure) {
		double change = 0, norm = 0;
		for (size_t c = 0; c < vector_chunks(trainer->n); c++) {
			change += trainer->partial[2 * c];
			norm += trainer->partial[2 * c + 1];
		}
		trainer->state->change = sqrt(change);
		trainer->state->norm = sqrt(norm);
	}
}
