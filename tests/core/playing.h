/* What the tests of games share: a gan with small networks, and its run. */
#ifndef TESTS_CORE_PLAYING_H
#define TESTS_CORE_PLAYING_H

#include "core/objective/game.h"
#include "tests/core/modelling.h"
#include "tests/support/trial.h"

struct playing {
	struct modelling model;
	struct model_shape shape;
	struct trial trial;
	struct data_view data;
	struct objective *objective;
};

/* Two features; generator: one hidden layer, discriminator: one. The trial is set up, not created. */
static inline void playing_start(struct playing *self, const char *loss, size_t units, const char *activation,
				 enum dtype dtype, size_t rows, uint64_t steps)
{
	self->shape = (struct model_shape){ .features = 2 };
	modelling_start(&self->model, "gan", loss, &self->shape);
	modelling_layer(&self->model, units, activation);
	modelling_layer(&self->model, units, activation);
	self->model.config.layer_count = 0;
	self->model.config.generator = (struct network_config){ 1, &self->model.layer[0] };
	self->model.config.discriminator = (struct network_config){ 1, &self->model.layer[1] };
	modelling_set(&self->model, "latent_size", 3);
	trial_init(&self->trial, steps);
	self->data = modelling_data(dtype, rows, &self->shape);
	self->trial.setup.training = &self->data;
	self->trial.setup.config.training.dtype = dtype;
	self->objective = NULL;
}

static inline void playing_build(struct playing *self, size_t slots)
{
	self->objective = modelling_build(&self->model, &self->shape, self->trial.setup.config.training.dtype, slots);
	self->trial.setup.objective = self->objective;
}

static inline void playing_end(struct playing *self)
{
	trial_end(&self->trial);
	objective_destroy(self->objective);
	modelling_free(&self->data);
}

#endif
