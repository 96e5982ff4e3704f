/* The trainer's memory: counted before a job is admitted, taken once, freed once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"
#include "core/train/internal.h"

enum {
	POINTS_MAX = 1024,               /* points that are held until they are taken */
	POINT_PARAMETER_BYTES = 4 << 20, /* ... and their parameters, unless one point has more */
	MEMORY_ALIGN = 64,
};

/* The optimizer's scratch. */
static bool scratch_sizes(const struct train_config *config, const struct optimizer_shape *shape,
			  struct trainer_sizes *sizes)
{
	const struct optimizer_type *type = config->optimizer.type;
	const struct settings *settings = &config->optimizer.settings;
	const size_t spare = type->spare != NULL ? type->spare(settings) : 0;
	const size_t doubles = type->workspace != NULL ? type->workspace(settings, shape) : 0;

	return size_multiply(type->scratch, sizes->layout.stride, &sizes->scratch) &&
	       size_multiply(spare, sizes->layout.stride, &sizes->spare) &&
	       size_multiply(doubles, sizeof(double), &sizes->workspace);
}

enum status trainer_sizes(const struct train_config *config, const struct optimizer_shape *shape,
			  struct trainer_sizes *sizes)
{
	const size_t n = shape->n, outputs = shape->outputs;
	const uint64_t rows = shape->rows;
	const struct training_config *training = &config->training;
	const enum status status = state_measure(config, shape, &sizes->layout);
	size_t total, vector, wide, numbers;

	if (status != OK || !size_add(n, shape->buffers, &total) ||
	    !size_multiply(n, dtype_size(training->dtype), &vector) || !size_multiply(total, sizeof(double), &wide)) {
		return E_TOO_LARGE;
	}
	sizes->gradient = vector;
	const bool whole = config->optimizer.type->whole_f64 != NULL;
	const bool apart = whole || config->bounded || config->optimizer.weight_decay != 0;
	const bool compared =
		apart && (!isnan(config->stopping.parameter_change) || !isnan(config->stopping.loss_change));
	const bool clipped = config->optimizer.type->iterate != NULL &&
			     (config->bounded || !isnan(config->optimizer.clip_grad_norm) ||
			      !isnan(config->optimizer.clip_grad_value));
	sizes->point = config->optimizer.type->look_ahead_f64 != NULL || compared || clipped ? vector : 0;
	sizes->whole = 0;
	if (shape->buffers > 0 && !size_multiply(total, dtype_size(training->dtype), &sizes->whole)) {
		return E_TOO_LARGE;
	}
	sizes->partial = (whole ? OPTIMIZER_SUMS : 2) * vector_chunks(n) * sizeof(double);
	if (!scratch_sizes(config, shape, sizes)) {
		return E_TOO_LARGE;
	}
	sizes->values = schedule_moves_momentum(&config->optimizer.schedule) || config->optimizer.weight_decay != 0
				? config->optimizer.type->setting_count * sizeof(struct setting_value)
				: 0;
	sizes->order = 0;
	if ((training->shuffle || training->replacement) && !train_full_batch(training, rows)) {
		if (rows > UINT32_MAX || !size_multiply(rows, sizeof(uint32_t), &sizes->order)) {
			return E_TOO_LARGE;
		}
	}
	sizes->outputs = 0;
	sizes->target_sums = 0;
	if (outputs > 0) {
		if (!size_multiply(evaluate_rows(outputs), outputs, &numbers) ||
		    !size_multiply(numbers, dtype_size(training->dtype), &sizes->outputs) ||
		    !size_multiply(evaluate_sums(outputs), sizeof(double), &sizes->target_sums)) {
			return E_TOO_LARGE;
		}
	}
	sizes->points_capacity = POINTS_MAX;
	sizes->parameters = 0;
	if (config->recording.parameters) {
		const size_t fit = wide == 0 ? POINTS_MAX : POINT_PARAMETER_BYTES / wide;
		sizes->points_capacity = fit > POINTS_MAX ? POINTS_MAX : fit == 0 ? 1 : fit;
		if (!size_multiply(wide, sizes->points_capacity, &sizes->parameters)) {
			return E_TOO_LARGE;
		}
	}
	sizes->points = sizes->points_capacity * sizeof(struct curve_point);
	return OK;
}

enum status trainer_measure(const struct train_config *config, const struct optimizer_shape *shape, size_t *bytes)
{
	struct trainer_sizes sizes;
	const enum status status = trainer_sizes(config, shape, &sizes);
	if (status != OK) {
		return status;
	}
	const size_t parts[] = { sizes.layout.size, sizes.gradient, sizes.point,      sizes.partial, sizes.order,
				 sizes.scratch,     sizes.spare,    sizes.workspace,  sizes.values,  sizes.outputs,
				 sizes.target_sums, sizes.points,   sizes.parameters, sizes.whole };
	size_t sum = sizeof(struct trainer);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (!size_add(sum, parts[i], &sum)) {
			return E_TOO_LARGE;
		}
	}
	*bytes = sum;
	return OK;
}

/* *out = memory of `bytes`, aligned, not set; nothing when bytes is 0. */
static bool take(size_t bytes, void *out)
{
	void *memory = NULL;
	if (bytes != 0) {
		if (bytes > SIZE_MAX - MEMORY_ALIGN) {
			return false;
		}
		memory = aligned_alloc(MEMORY_ALIGN, (bytes + MEMORY_ALIGN - 1) & ~(size_t)(MEMORY_ALIGN - 1));
		if (memory == NULL) {
			return false;
		}
	}
	memcpy(out, &memory, sizeof memory);
	return true;
}

static bool take_all(struct trainer *trainer, const struct trainer_sizes *sizes)
{
	return take(sizes->layout.size, &trainer->state) && take(sizes->gradient, &trainer->gradient) &&
	       take(sizes->point, &trainer->point) && take(sizes->partial, &trainer->partial) &&
	       take(sizes->order, &trainer->order) && take(sizes->scratch, &trainer->scratch) &&
	       take(sizes->spare, &trainer->spare) && take(sizes->workspace, &trainer->workspace) &&
	       take(sizes->values, &trainer->values) && take(sizes->outputs, &trainer->outputs) &&
	       take(sizes->target_sums, &trainer->target_sums) && take(sizes->points, &trainer->points) &&
	       take(sizes->parameters, &trainer->point_parameters) && take(sizes->whole, &trainer->whole);
}

struct trainer *trainer_allocate(const struct trainer_sizes *sizes)
{
	struct trainer *trainer = calloc(1, sizeof *trainer);
	if (trainer != NULL && !take_all(trainer, sizes)) {
		trainer_destroy(trainer);
		return NULL;
	}
	return trainer;
}

void trainer_destroy(struct trainer *trainer)
{
	if (trainer == NULL) {
		return;
	}
	free(trainer->state);
	free(trainer->gradient);
	free(trainer->point);
	free(trainer->whole);
	free(trainer->spare);
	free(trainer->workspace);
	free(trainer->partial);
	free(trainer->order);
	free(trainer->scratch);
	free(trainer->values);
	free(trainer->outputs);
	free(trainer->target_sums);
	free(trainer->points);
	free(trainer->point_parameters);
	free(trainer);
}
