/*
 * What models of factors find again.
 *
 *   ratings:       a user, an item, and y = 3 + a_user + b_item + p_user . q_item + noise. Both are drawn for each row
 *                  alike, so that a pair may come twice and most pairs may be missing.
 *   interactions:  y = bias + w . x + sum over j < k of (v_j . v_k) x_j x_k + noise, x standard normal: features that
 *                  count by twos.
 *
 * p, q and v have entries of standard deviation 1 / sqrt(factors), so that a product of two of them has 1 /
 * sqrt(factors).
 */
#include "core/data/define.h"

#define NOISE_DOC "Standard deviation of the normal noise on the target."

enum { RATINGS_USERS = GEN_OWN, RATINGS_ITEMS, RATINGS_FACTORS };
enum { INTERACTIONS_FEATURES = GEN_OWN, INTERACTIONS_FACTORS, INTERACTIONS_BIAS };

enum { MOST_FACTORS = 256 };

static const struct setting ratings_settings[] = {
	GENERATOR_COMMON,
	[RATINGS_USERS] = { .name = "users",
			    .kind = SETTING_INTEGER,
			    .preset = 30,
			    .minimum = 1,
			    .maximum = 1e5,
			    .doc = "Users, numbered from 0." },
	[RATINGS_ITEMS] = { .name = "items",
			    .kind = SETTING_INTEGER,
			    .preset = 20,
			    .minimum = 1,
			    .maximum = 1e5,
			    .doc = "Items, numbered from 0." },
	[RATINGS_FACTORS] = { .name = "factors",
			      .kind = SETTING_INTEGER,
			      .preset = 2,
			      .minimum = 1,
			      .maximum = MOST_FACTORS,
			      .doc = "Numbers that describe a user, and an item." },
};

static const struct setting interactions_settings[] = {
	GENERATOR_COMMON,
	[INTERACTIONS_FEATURES] = GENERATOR_FEATURES_SETTING(5, "Features, all of which interact."),
	[INTERACTIONS_FACTORS] = { .name = "factors",
				   .kind = SETTING_INTEGER,
				   .preset = 2,
				   .minimum = 1,
				   .maximum = MOST_FACTORS,
				   .doc = "Numbers that describe a feature." },
	[INTERACTIONS_BIAS] = { .name = "bias",
				.kind = SETTING_REAL,
				.minimum = -1e6,
				.maximum = 1e6,
				.doc = "What is added to every target." },
};

static size_t whole(const struct generator *g, size_t setting)
{
	return (size_t)generator_number(g, setting);
}

static enum status ratings_shape(const struct settings *settings, struct generator_shape *out, const char **setting,
				 struct error *error)
{
	const double one = settings->value[RATINGS_FACTORS].number + 1;
	const double users = settings->value[RATINGS_USERS].number, items = settings->value[RATINGS_ITEMS].number;
	out->features = 2;
	if ((users + items) * one > GENERATOR_CELLS) {
		*setting = "factors";
		return error_set(error, E_INVALID, "%g users and items of %g factors are more than %d numbers",
				 users + items, one - 1, (int)GENERATOR_CELLS);
	}
	out->coefficients = (size_t)((users + items) * one);
	return OK;
}

/* Of each user, then of each item: its bias, then its factors. */
static void ratings_draw(struct generator *g, const struct settings *settings)
{
	const size_t f = whole(g, RATINGS_FACTORS);
	(void)settings;
	for (size_t i = 0; i < g->shape.coefficients; i++) {
		const double scale = i % (f + 1) == 0 ? 0.5 : pow((double)f, -0.5);
		g->coefficient[i] = scale * generator_normal(g, DRAW_COEFFICIENT, i);
	}
}

/* One of `count`, all alike. */
static size_t one_of(const struct generator *g, uint64_t index, size_t count)
{
	const size_t k = (size_t)(generator_uniform(g, DRAW_FEATURE, index) * (double)count);
	return k < count ? k : count - 1;
}

static void ratings_row(const struct generator *g, uint64_t p, double *out)
{
	const size_t users = whole(g, RATINGS_USERS), f = whole(g, RATINGS_FACTORS);
	const size_t user = one_of(g, 2 * p, users), item = one_of(g, 2 * p + 1, whole(g, RATINGS_ITEMS));
	const double *a = g->coefficient + user * (f + 1), *b = g->coefficient + (users + item) * (f + 1);
	double y = 3 + a[0] + b[0];
	for (size_t k = 1; k <= f; k++) {
		y += a[k] * b[k];
	}
	out[0] = (double)user;
	out[1] = (double)item;
	out[2] = y + generator_target_noise(g, p);
}

static enum status interactions_shape(const struct settings *settings, struct generator_shape *out,
				      const char **setting, struct error *error)
{
	(void)setting, (void)error;
	out->features = (size_t)settings->value[INTERACTIONS_FEATURES].number;
	out->coefficients = out->features * ((size_t)settings->value[INTERACTIONS_FACTORS].number + 1);
	return OK;
}

/* Of each feature: its weight, then its factors. */
static void interactions_draw(struct generator *g, const struct settings *settings)
{
	const size_t f = whole(g, INTERACTIONS_FACTORS);
	(void)settings;
	for (size_t i = 0; i < g->shape.coefficients; i++) {
		const double scale = i % (f + 1) == 0 ? 1 : pow((double)f, -0.5);
		g->coefficient[i] = scale * generator_normal(g, DRAW_COEFFICIENT, i);
	}
}

static void interactions_row(const struct generator *g, uint64_t p, double *out)
{
	const size_t d = g->shape.features, f = whole(g, INTERACTIONS_FACTORS);
	double y = generator_number(g, INTERACTIONS_BIAS);
	for (size_t j = 0; j < d; j++) {
		out[j] = generator_normal(g, DRAW_FEATURE, p * d + j);
		y += g->coefficient[j * (f + 1)] * out[j];
	}
	/* sum over j < k of v_j v_k x_j x_k = ((sum v_j x_j)^2 - sum (v_j x_j)^2) / 2, factor by factor. */
	for (size_t k = 1; k <= f; k++) {
		double sum = 0, squares = 0;
		for (size_t j = 0; j < d; j++) {
			const double vx = g->coefficient[j * (f + 1) + k] * out[j];
			sum += vx;
			squares += vx * vx;
		}
		y += (sum * sum - squares) / 2;
	}
	out[d] = y + generator_target_noise(g, p);
}

const struct generator_type generator_ratings = {
	.name = "ratings",
	.doc = "What users think of items, of low rank: for matrix_factorization.",
	.source = "Koren, Bell, Volinsky 2009, Matrix factorization techniques for recommender systems, eq. 4",
	.settings = ratings_settings,
	.setting_count = COUNT_OF(ratings_settings),
	.shape = ratings_shape,
	.draw = ratings_draw,
	.row = ratings_row,
	.noisy_target = true,
};

const struct generator_type generator_interactions = {
	.name = "interactions",
	.doc = "A target of normal features and of their products by twos, of low rank: for factorization_machine.",
	.source = "Rendle 2010, Factorization machines, eq. 1",
	.settings = interactions_settings,
	.setting_count = COUNT_OF(interactions_settings),
	.shape = interactions_shape,
	.draw = interactions_draw,
	.row = interactions_row,
	.noisy_target = true,
};
