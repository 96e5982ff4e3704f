/*
 * What the tests of graph, models and objectives share: a model's configuration with its defaults, data drawn from
 * counters, and an executor with real threads that takes its pieces in a shuffled order.
 */
#ifndef TESTS_CORE_MODELLING_H
#define TESTS_CORE_MODELLING_H

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/random.h"
#include "core/exec.h"
#include "core/model/model.h"

enum { MODELLING_SETTINGS = 8, MODELLING_LAYERS = 4, MODELLING_PIECES = 4096 };

struct modelling {
	struct model_config config;
	struct setting_value value[MODELLING_SETTINGS];
	struct setting_value loss_value[MODELLING_SETTINGS];
	struct setting_value function_value[MODELLING_SETTINGS];
	struct layer_config layer[MODELLING_LAYERS];
	struct setting_value layer_value[MODELLING_LAYERS][MODELLING_SETTINGS];
	struct setting_value activation_value[MODELLING_LAYERS][MODELLING_SETTINGS];
};

static inline struct settings modelling_defaults(const struct setting *table, size_t count, struct setting_value *value)
{
	ck_assert_uint_le(count, MODELLING_SETTINGS);
	settings_defaults(table, count, value);
	return (struct settings){ .table = table, .count = count, .value = value };
}

/* The model of that name with every default; loss NULL: the default one. */
static inline void modelling_start(struct modelling *self, const char *name, const char *loss,
				   const struct model_shape *shape)
{
	memset(self, 0, sizeof *self);
	const struct model_type *type = model_find(name);
	ck_assert_ptr_nonnull(type);
	self->config.type = type;
	self->config.settings = modelling_defaults(type->settings, type->setting_count, self->value);
	if (type->losses != NULL) {
		self->config.loss = type->default_loss != NULL ? type->default_loss(shape) : type->losses[0];
	}
	if (loss != NULL) {
		self->config.loss = loss_find(loss);
		ck_assert_ptr_nonnull(self->config.loss);
	}
	if (self->config.loss != NULL) {
		self->config.loss_settings = modelling_defaults(self->config.loss->settings,
								self->config.loss->setting_count, self->loss_value);
	}
	self->config.layers = self->layer;
	self->config.scale = 1;
}

static inline void modelling_set(struct modelling *self, const char *name, double number)
{
	const struct setting_value *value = settings_get(&self->config.settings, name);
	self->value[value - self->value].number = number;
}

static inline void modelling_layer(struct modelling *self, size_t units, const char *activation)
{
	size_t i = self->config.layer_count++;
	const struct layer_type *type = layer_find("dense");
	ck_assert_uint_lt(i, MODELLING_LAYERS);
	self->layer[i] = (struct layer_config){
		.type = type,
		.settings = modelling_defaults(type->settings, type->setting_count, self->layer_value[i]),
		.activation = activation_find(activation),
	};
	const struct activation_type *made = self->layer[i].activation;
	ck_assert_ptr_nonnull(made);
	self->layer[i].activation_settings =
		modelling_defaults(made->settings, made->setting_count, self->activation_value[i]);
	self->layer_value[i][0].number = (double)units;
}

static inline struct objective *modelling_build(const struct modelling *self, const struct model_shape *shape,
						enum dtype dtype, size_t slots)
{
	struct objective *objective = NULL;
	struct error error = { .text = "" };
	enum status status = model_build(&self->config, shape, dtype, slots, &objective, &error);
	ck_assert_msg(status == OK, "%s: %s", self->config.type->name, error.text);
	return objective;
}

static inline void modelling_write(enum dtype dtype, void *array, size_t i, double number)
{
	if (dtype == DTYPE_FLOAT32) {
		((float *)array)[i] = (float)number;
	} else {
		((double *)array)[i] = number;
	}
}

/* n odd numbers between -scale and scale; returned owned. */
static inline void *modelling_numbers(enum dtype dtype, size_t n, double scale, uint64_t seed)
{
	void *array = malloc(n * dtype_size(dtype) + 1);
	ck_assert_ptr_nonnull(array);
	for (size_t i = 0; i < n; i++) {
		modelling_write(dtype, array, i, scale * (2 * random_uniform(seed, RANDOM_DATA, 0, i) - 1));
	}
	return array;
}

/* Data of a shape; its arrays are the caller's to free by modelling_free. */
static inline struct data_view modelling_data(enum dtype dtype, size_t rows, const struct model_shape *shape)
{
	struct data_view data = { .dtype = dtype,
				  .rows = rows,
				  .features = shape->features,
				  .targets = shape->targets,
				  .classes = shape->classes };
	data.x = modelling_numbers(dtype, rows * shape->features, 2.385, 11);
	if (shape->targets > 0) {
		data.y = modelling_numbers(dtype, rows * shape->targets, 1.93, 12);
	}
	if (shape->classes > 0) {
		int32_t *label = malloc(rows * sizeof *label);
		ck_assert_ptr_nonnull(label);
		for (size_t i = 0; i < rows; i++) {
			double u = random_uniform(13, RANDOM_DATA, 0, i);
			label[i] = (int32_t)(u * (double)shape->classes);
		}
		data.label = label;
	}
	return data;
}

static inline void modelling_free(struct data_view *data)
{
	free((void *)(uintptr_t)data->x);
	free((void *)(uintptr_t)data->y);
	free((void *)(uintptr_t)data->label);
}

/* Real threads, one a slot, that take the pieces in an order of their own. */
struct threads {
	struct executor base;
	uint64_t seed;
	size_t runs, most; /* calls, and the most pieces that one had */
	executor_piece *piece;
	void *context;
	size_t count;
	uint32_t order[MODELLING_PIECES];
	atomic_size_t next;
};

struct threads_slot {
	struct threads *threads;
	size_t slot;
};

static inline void *threads_work(void *argument)
{
	struct threads_slot *self = argument;
	struct threads *threads = self->threads;
	for (size_t i = atomic_fetch_add(&threads->next, 1); i < threads->count;
	     i = atomic_fetch_add(&threads->next, 1)) {
		threads->piece(threads->context, threads->order[i], self->slot);
	}
	return NULL;
}

static inline void threads_run(struct executor *executor, size_t count, executor_piece *piece, void *context)
{
	struct threads *self = (struct threads *)executor;
	pthread_t thread[16];
	struct threads_slot slot[16];
	ck_assert_uint_le(count, MODELLING_PIECES);
	self->runs++;
	self->most = count > self->most ? count : self->most;
	self->piece = piece;
	self->context = context;
	self->count = count;
	for (uint32_t i = 0; i < count; i++) {
		self->order[i] = i;
	}
	random_shuffle(self->seed++, RANDOM_SHUFFLE, 0, self->order, count);
	atomic_store(&self->next, 0);
	for (size_t i = 0; i < executor->slots; i++) {
		slot[i] = (struct threads_slot){ .threads = self, .slot = i };
		ck_assert_int_eq(pthread_create(&thread[i], NULL, threads_work, &slot[i]), 0);
	}
	for (size_t i = 0; i < executor->slots; i++) {
		pthread_join(thread[i], NULL);
	}
}

static inline void threads_init(struct threads *self, size_t slots)
{
	memset(self, 0, sizeof *self);
	self->base = (struct executor){ .run = threads_run, .slots = slots };
	self->seed = 2385;
}

#endif
