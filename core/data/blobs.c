/* blobs: round clouds about random centers, a class each. */
#include "core/data/define.h"

#define NOISE_DOC "Standard deviation of further normal noise on every feature, the same for all blobs."

enum { BLOBS_CENTERS = GEN_OWN, BLOBS_FEATURES, BLOBS_STD, BLOBS_BOX };

static const struct setting settings_table[] = {
	GENERATOR_COMMON,
	[BLOBS_CENTERS] = { .name = "centers",
			    .kind = SETTING_INTEGER,
			    .preset = 3,
			    .minimum = 1,
			    .maximum = 1000,
			    .doc = "Blobs, each a class." },
	[BLOBS_FEATURES] = GENERATOR_FEATURES_SETTING(2, "Coordinates of a point."),
	[BLOBS_STD] = { .name = "cluster_std",
			.kind = SETTING_REAL,
			.preset = 1,
			.minimum = 0,
			.maximum = 1e6,
			.doc = "Spread: the standard deviation of a blob in each direction." },
	[BLOBS_BOX] = { .name = "center_box",
			.kind = SETTING_REAL,
			.preset = 10,
			.minimum = 0,
			.maximum = 1e6,
			.open_minimum = true,
			.doc = "Centers are uniform between minus this and this in each direction." },
};

static enum status shape(const struct settings *settings, struct generator_shape *out, const char **setting,
			 struct error *error)
{
	(void)setting, (void)error;
	out->classes = (size_t)settings->value[BLOBS_CENTERS].number;
	out->features = (size_t)settings->value[BLOBS_FEATURES].number;
	out->coefficients = out->classes * out->features; /* 1e7 by the bounds of both */
	if (out->coefficients > GENERATOR_CELLS) {
		*setting = "centers";
		return error_set(error, E_INVALID, "%zu centers of %zu features: at most %zu numbers in all",
				 out->classes, out->features, (size_t)GENERATOR_CELLS);
	}
	return OK;
}

static void draw(struct generator *g, const struct settings *settings)
{
	const double box = settings->value[BLOBS_BOX].number;
	for (size_t i = 0; i < g->shape.coefficients; i++) {
		g->coefficient[i] = box * (2 * generator_uniform(g, DRAW_COEFFICIENT, i) - 1);
	}
}

/* x = center of class k + cluster_std e, e standard normal. */
static void row(const struct generator *g, uint64_t p, double *out)
{
	const size_t d = g->shape.features, k = p % g->shape.classes;
	const double sd = generator_number(g, BLOBS_STD);
	for (size_t j = 0; j < d; j++) {
		out[j] = g->coefficient[k * d + j] + sd * generator_normal(g, DRAW_FEATURE, p * d + j);
	}
	out[d] = (double)k;
}

const struct generator_type generator_blobs = {
	.name = "blobs",
	.doc = "Round normal clouds about random centers: a class each.",
	.source = "scikit-learn, sklearn.datasets.make_blobs",
	.settings = settings_table,
	.setting_count = COUNT_OF(settings_table),
	.shape = shape,
	.draw = draw,
	.row = row,
};
