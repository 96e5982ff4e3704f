/*
 * Datasets to play with, drawn from a seed: table entries. Adding one: a type record in the file of its family, one
 * line in generator.c.
 *
 *   generator_check -> generator_create -> generator_fill of any rows, in any order -> generator_destroy
 *
 * Every number is a pure function of the settings and its place (core/base/random.h, RANDOM_DATA), so that rows can be
 * made in pieces, and again, with the same bits. A generator holds the order of its rows and its coefficients, never
 * the data. It does not write files and knows no job.
 *
 * Names and defaults are scikit-learn's (sklearn.datasets.make_*) where it has them; the numbers are not, since it
 * draws them from another stream.
 */
#ifndef CORE_DATA_GENERATOR_H
#define CORE_DATA_GENERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/setting.h"

/* Most settings that an entry has; most rows; most numbers in all (5e6 float64 are 40 MB as a table). */
enum { GENERATOR_SETTINGS = 10, GENERATOR_ROWS = 1000000, GENERATOR_FEATURES = 10000, GENERATOR_CELLS = 5000000 };
/* Room for a column's name. */
enum { GENERATOR_NAME = 24 };

/* The settings that every entry has, first and in this order. */
enum { GEN_ROWS, GEN_NOISE, GEN_SHUFFLE, GEN_SEED, GEN_OWN };

/* What the settings come to. */
struct generator_shape {
	size_t rows, features;
	size_t classes;      /* the target is one of 0, 1, ... classes - 1; 0: it is a number, or there is none */
	bool has_target;     /* false: only features */
	size_t coefficients; /* numbers that stay the same from row to row: centers, weights */
};

struct generator {
	const struct generator_type *type;
	struct generator_shape shape;
	struct setting_value value[GENERATOR_SETTINGS]; /* vectors in it are not kept: see coefficient */
	uint64_t seed;
	double noise;
	uint32_t *order;     /* [rows]: which place of the pattern a row shows; NULL: its own */
	double *coefficient; /* [coefficients]: blobs: centers (classes x features); linear: weights (features) */
};

struct generator_type {
	const char *name;
	const char *doc;
	const char *source;
	const struct setting *settings;
	size_t setting_count;
	/* What is more to say than rows; E_INVALID with *setting (the one at fault) when the settings do not go
	 * together. */
	enum status (*shape)(const struct settings *settings, struct generator_shape *out, const char **setting,
			     struct error *error);
	/* Fills coefficient; NULL: it has none. */
	void (*draw)(struct generator *generator, const struct settings *settings);
	/* Place p of the pattern, without noise but where that lies on the target: out[features], then the target. */
	void (*row)(const struct generator *generator, uint64_t p, double *out);
	bool noisy_target; /* row() has put the noise on the target; false: it goes on each feature */
};

/* What the settings come to, and whether they go together and keep the limits. OK; E_INVALID with *setting. */
enum status generator_check(const struct generator_type *type, const struct settings *settings,
			    struct generator_shape *out, const char **setting, struct error *error);
/* Copies what it needs of the settings; they must have passed generator_check. OK, E_MEMORY. Returned owned. */
enum status generator_create(const struct generator_type *type, const struct settings *settings, struct generator **out,
			     struct error *error);
void generator_destroy(struct generator *generator);

/* Features, and the target as the last column where there is one. */
size_t generator_columns(const struct generator *generator);
/* "x1", "x2", ... ("x" alone), and "y" for the target. */
void generator_column_name(const struct generator *generator, size_t column, char name[GENERATOR_NAME]);
/* out[(end - begin) x columns], row-major: rows begin ... end - 1. */
void generator_fill(const struct generator *generator, size_t begin, size_t end, double *out);

extern const struct generator_type *const generator_types[];
extern const size_t generator_type_count;
const struct generator_type *generator_find(const char *name);

#endif
