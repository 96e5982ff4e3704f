#include "core/train/state.h"

#include <string.h>

#include "core/base/size.h"

static const uint64_t state_magic = 0x6e75724474637365; /* "esctDrun" in memory */
static const uint64_t state_version = 5;

enum { STATE_ALIGN = 64 };

/* Appends a part of `bytes` to the layout; false on overflow. */
static bool append(struct state_layout *layout, size_t bytes, size_t *place)
{
	size_t end;
	if (!size_add(layout->size, bytes, &end) || !size_add(end, STATE_ALIGN - 1, &end)) {
		return false;
	}
	*place = layout->size;
	layout->size = end & ~(size_t)(STATE_ALIGN - 1);
	return true;
}

enum status state_measure(const struct train_config *config, const struct optimizer_shape *shape,
			  struct state_layout *layout)
{
	const struct optimizer_type *type = config->optimizer.type;
	const size_t n = shape->n;
	const size_t players = shape->players > 1 ? shape->players : 1;
	const size_t rows = type->table != NULL ? type->table(&config->optimizer.settings, shape) : 0;
	size_t head, whole, vector, scalars, history, table;

	memset(layout, 0, sizeof *layout);
	layout->slots = type->slots(&config->optimizer.settings);
	layout->history_count = type->history != NULL ? type->history(&config->optimizer.settings) : 0;
	if (!size_add(n, shape->buffers, &whole) || !size_multiply(whole, dtype_size(config->training.dtype), &whole) ||
	    !size_multiply(n, dtype_size(config->training.dtype), &vector) ||
	    !size_add(vector, STATE_ALIGN - 1, &layout->stride)) {
		return E_TOO_LARGE;
	}
	layout->stride &= ~(size_t)(STATE_ALIGN - 1);
	if (!size_multiply(layout->history_count, layout->stride, &history) ||
	    !size_multiply(players * type->scalars + layout->history_count, sizeof(double), &scalars) ||
	    !size_multiply(rows, sizeof(double), &table) || !append(layout, sizeof(struct run_state), &head) ||
	    !append(layout, scalars, &layout->scalars) || !append(layout, table, &layout->table) ||
	    !append(layout, whole, &layout->theta)) {
		return E_TOO_LARGE;
	}
	for (size_t k = 0; k < layout->slots; k++) {
		if (!append(layout, vector, &layout->slot[k])) {
			return E_TOO_LARGE;
		}
	}
	if (!append(layout, history, &layout->history) ||
	    !append(layout, type->iterate != NULL ? vector : 0, &layout->gradient)) {
		return E_TOO_LARGE;
	}
	return append(layout, whole, &layout->best) &&
			       append(layout, train_averages(&config->optimizer) ? whole : 0, &layout->average)
		       ? OK
		       : E_TOO_LARGE;
}

/* One step of FNV-1a over bytes. */
static void mix(uint64_t *hash, const void *data, size_t size)
{
	const unsigned char *byte = data;
	for (size_t i = 0; i < size; i++) {
		*hash = (*hash ^ byte[i]) * 0x100000001b3u;
	}
}

static void mix_number(uint64_t *hash, double number)
{
	number = isnan(number) ? (double)NAN : number; /* one NaN for all */
	mix(hash, &number, sizeof number);
}

static void mix_count(uint64_t *hash, uint64_t count)
{
	mix(hash, &count, sizeof count);
}

static void mix_settings(uint64_t *hash, const struct settings *settings)
{
	mix_count(hash, settings->count);
	for (size_t i = 0; i < settings->count; i++) {
		const struct setting_value *value = &settings->value[i];
		const enum setting_kind kind = settings->table[i].kind;
		if (kind == SETTING_VECTOR || kind == SETTING_PAIR || kind == SETTING_MATRIX) {
			mix_count(hash, value->rows);
			mix_count(hash, value->columns);
			mix(hash, value->values, value->rows * value->columns * sizeof(double));
		} else {
			mix_number(hash, value->number);
		}
	}
}

static void mix_schedule(uint64_t *hash, const struct schedule_config *schedule)
{
	mix(hash, schedule->type->name, strlen(schedule->type->name));
	mix_settings(hash, &schedule->settings);
	mix_count(hash, schedule->warmup_steps);
	mix_count(hash, schedule->per_epoch);
	mix_count(hash, schedule->parts);
}

static void mix_config(uint64_t *hash, const struct train_config *config)
{
	const struct optimizer_config *optimizer = &config->optimizer;
	mix(hash, optimizer->type->name, strlen(optimizer->type->name));
	mix_settings(hash, &optimizer->settings);
	mix_schedule(hash, &optimizer->schedule);
	for (size_t i = 0; i < optimizer->schedule.parts; i++) {
		mix_schedule(hash, &optimizer->schedule.part[i]);
	}
	mix_number(hash, optimizer->clip_grad_norm);
	mix_number(hash, optimizer->clip_eps);
	mix_number(hash, optimizer->clip_grad_value);
	mix_number(hash, optimizer->discriminator_rate);
	mix_number(hash, optimizer->weight_decay);
	mix_count(hash, optimizer->decoupled);
	mix_number(hash, optimizer->ema_decay);
	mix_count(hash, optimizer->averaging);
	mix_count(hash, optimizer->average_after);

	const struct training_config *training = &config->training;
	mix_count(hash, training->batch_size);
	mix_count(hash, training->epochs);
	mix_count(hash, training->steps);
	mix_count(hash, training->shuffle);
	mix_count(hash, training->replacement);
	mix_count(hash, training->sum);
	mix_count(hash, training->seed);
	mix_count(hash, training->dtype);

	const struct stopping_config *stopping = &config->stopping;
	mix_number(hash, stopping->gradient_norm);
	mix_number(hash, stopping->loss_change);
	mix_number(hash, stopping->parameter_change);
	mix_number(hash, stopping->target_loss);
	mix_number(hash, stopping->max_seconds);
	mix_count(hash, stopping->early_stopping);
	mix_count(hash, stopping->early_metric);
	mix_count(hash, stopping->patience);
	mix_number(hash, stopping->min_delta);

	mix_count(hash, config->recording.every_steps);
	mix_count(hash, config->direction);
}

static void mix_view(uint64_t *hash, const struct data_view *view)
{
	mix_count(hash, view != NULL);
	if (view != NULL) {
		mix_count(hash, view->rows);
		mix_count(hash, view->features);
		mix_count(hash, view->targets);
		mix_count(hash, view->classes);
	}
}

uint64_t state_fingerprint(const struct trainer_setup *setup)
{
	uint64_t hash = 0xcbf29ce484222325;
	mix_config(&hash, &setup->config);
	mix_count(&hash, setup->objective->n);
	for (size_t i = 0; i < setup->objective->tensors; i++) {
		mix(&hash, setup->objective->tensor[i].name, strlen(setup->objective->tensor[i].name));
		mix_count(&hash, setup->objective->tensor[i].size);
	}
	mix_count(&hash, setup->objective->lower != NULL);
	if (setup->objective->lower != NULL) {
		mix(&hash, setup->objective->lower, setup->objective->n * dtype_size(setup->objective->dtype));
		mix(&hash, setup->objective->upper, setup->objective->n * dtype_size(setup->objective->dtype));
	}
	mix_view(&hash, setup->training);
	mix_view(&hash, setup->validation);
	return hash;
}

void state_begin(struct run_state *state, const struct state_layout *layout, uint64_t fingerprint)
{
	*state = (struct run_state){
		.magic = state_magic,
		.version = state_version,
		.size = layout->size,
		.fingerprint = fingerprint,
		.reason = STOP_NONE,
		.reason_value = NAN,
		.reason_limit = NAN,
		.loss = NAN,
		.previous_loss = NAN,
		.carried_value = NAN,
		.gradient_norm = NAN,
		.change = NAN,
		.norm = NAN,
		.validation_loss = NAN,
		.validation_accuracy = NAN,
		.generator_loss = NAN,
		.discriminator_loss = NAN,
		.best = BEST_NONE,
		.best_value = NAN,
		.early_best = NAN,
		.trace_stride = 1,
		.last = { .step = UINT64_MAX },
	};
}

enum status state_check(const void *block, size_t size, const struct state_layout *layout, uint64_t fingerprint,
			struct error *error)
{
	struct run_state head;
	if (size < sizeof head || size != layout->size) {
		return error_set(error, E_CORRUPT, "the checkpoint has %zu bytes where this job's has %zu", size,
				 layout->size);
	}
	memcpy(&head, block, sizeof head);
	if (head.magic != state_magic || head.version != state_version || head.size != size) {
		return error_set(error, E_CORRUPT, "the checkpoint has no head that this version can read");
	}
	if (head.fingerprint != fingerprint) {
		return error_set(error, E_CORRUPT, "the checkpoint was made by another configuration");
	}
	if (head.reason >= STOP_REASON_COUNT || head.best > BEST_MEASURED || head.carried > 3 || head.moved > 1 ||
	    head.trace_count > TRACE_SAMPLES || head.trace_stride == 0) {
		return error_set(error, E_CORRUPT, "the checkpoint holds a value that no run writes");
	}
	return OK;
}
