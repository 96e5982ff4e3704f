/* The table of generators, and what is alike in all: limits, the order of rows, noise on features. */
#include "core/data/generator.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/data/define.h"

#define GENERATOR_LIST(X)                                                                                              \
	X(moons)                                                                                                       \
	X(circles)                                                                                                     \
	X(blobs)                                                                                                       \
	X(spirals)                                                                                                     \
	X(ring)                                                                                                        \
	X(linear)                                                                                                      \
	X(sparse_linear)                                                                                               \
	X(sine)                                                                                                        \
	X(ratings)                                                                                                     \
	X(interactions)                                                                                                \
	X(waves)                                                                                                       \
	X(pulses)

#define DECLARE(name) extern const struct generator_type generator_##name;
GENERATOR_LIST(DECLARE)

#define REFERENCE(name) &generator_##name,
const struct generator_type *const generator_types[] = { GENERATOR_LIST(REFERENCE) };
const size_t generator_type_count = sizeof generator_types / sizeof generator_types[0];

const struct generator_type *generator_find(const char *name)
{
	for (size_t i = 0; i < generator_type_count; i++) {
		if (strcmp(generator_types[i]->name, name) == 0) {
			return generator_types[i];
		}
	}
	return NULL;
}

enum status generator_check(const struct generator_type *type, const struct settings *settings,
			    struct generator_shape *out, const char **setting, struct error *error)
{
	*out = (struct generator_shape){ .rows = (size_t)settings->value[GEN_ROWS].number, .has_target = true };
	*setting = "rows";
	enum status status = type->shape(settings, out, setting, error);
	if (status != OK) {
		return status;
	}
	const size_t columns = out->features + (out->has_target ? 1 : 0), most = GENERATOR_CELLS / columns;
	if (out->rows > most) {
		return error_set(error, E_INVALID, "%zu rows of %zu columns: at most %zu rows of so many are drawn",
				 out->rows, columns, most);
	}
	return OK;
}

/* order becomes a random permutation of the rows. */
static bool shuffle(struct generator *g)
{
	g->order = calloc(g->shape.rows, sizeof *g->order);
	if (g->order == NULL) {
		return false;
	}
	for (size_t i = 0; i < g->shape.rows; i++) {
		g->order[i] = (uint32_t)i;
	}
	random_shuffle(g->seed, RANDOM_DATA, DRAW_ORDER, g->order, g->shape.rows);
	return true;
}

enum status generator_create(const struct generator_type *type, const struct settings *settings, struct generator **out,
			     struct error *error)
{
	const char *setting;
	struct generator *g = calloc(1, sizeof *g);
	*out = NULL;
	if (g == NULL) {
		return error_set(error, E_MEMORY, "no memory for generated rows");
	}
	enum status status = generator_check(type, settings, &g->shape, &setting, error);
	assert(status == OK && settings->count == type->setting_count && settings->count <= GENERATOR_SETTINGS);
	g->type = type;
	memcpy(g->value, settings->value, settings->count * sizeof *g->value);
	g->seed = (uint64_t)settings->value[GEN_SEED].number;
	g->noise = settings->value[GEN_NOISE].number;
	/* One number more, so that none at all is no failure. */
	g->coefficient = calloc(g->shape.coefficients + 1, sizeof *g->coefficient);
	if (g->coefficient == NULL || (settings->value[GEN_SHUFFLE].number != 0 && !shuffle(g))) {
		generator_destroy(g);
		return error_set(error, E_MEMORY, "no memory for generated rows");
	}
	if (type->draw != NULL) {
		type->draw(g, settings);
	}
	*out = g;
	return status;
}

void generator_destroy(struct generator *generator)
{
	if (generator != NULL) {
		free(generator->order);
		free(generator->coefficient);
		free(generator);
	}
}

size_t generator_columns(const struct generator *generator)
{
	return generator->shape.features + (generator->shape.has_target ? 1 : 0);
}

void generator_column_name(const struct generator *generator, size_t column, char name[GENERATOR_NAME])
{
	assert(column < generator_columns(generator));
	if (column == generator->shape.features) {
		snprintf(name, GENERATOR_NAME, "y");
	} else if (generator->shape.features == 1) {
		snprintf(name, GENERATOR_NAME, "x");
	} else {
		snprintf(name, GENERATOR_NAME, "x%zu", column + 1);
	}
}

void generator_fill(const struct generator *generator, size_t begin, size_t end, double *out)
{
	const size_t d = generator->shape.features, columns = generator_columns(generator);
	assert(begin <= end && end <= generator->shape.rows);
	for (size_t i = begin; i < end; i++, out += columns) {
		const uint64_t p = generator->order == NULL ? i : generator->order[i];
		generator->type->row(generator, p, out);
		for (size_t j = 0; j < d && generator->noise != 0 && !generator->type->noisy_target; j++) {
			out[j] += generator->noise * generator_normal(generator, DRAW_NOISE, p * (d + 1) + j);
		}
	}
}
