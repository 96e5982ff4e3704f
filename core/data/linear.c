/*
 * linear and sparse_linear: y = x . w + bias + noise, x standard normal.
 *
 * Weights that are drawn have a size uniform in [1/2, 2) and either sign. Deviation from make_regression, which draws
 * them from [0, 100): so y has the size that usual learning rates are made for, and a weight is never lost in noise.
 */
#include "core/data/define.h"

#include <assert.h>
#include <string.h>

#define NOISE_DOC "Standard deviation of the normal noise on the target."

enum { LINEAR_FEATURES = GEN_OWN, LINEAR_BIAS, LINEAR_COEFFICIENTS };
enum { SPARSE_INFORMATIVE = LINEAR_COEFFICIENTS };

#define BIAS_SETTING                                                                                                   \
	{                                                                                                              \
		.name = "bias", .kind = SETTING_REAL, .preset = 0, .minimum = -1e6, .maximum = 1e6,                    \
		.doc = "What is added to every target."                                                                \
	}

static const struct setting linear_settings[] = {
	GENERATOR_COMMON,
	[LINEAR_FEATURES] = GENERATOR_FEATURES_SETTING(5, "Features, all of which count."),
	[LINEAR_BIAS] = BIAS_SETTING,
	[LINEAR_COEFFICIENTS] = { .name = "coefficients",
				  .kind = SETTING_VECTOR,
				  .minimum = -1e6,
				  .maximum = 1e6,
				  .doc = "The weights, one a feature; where they are not given they are drawn." },
};

static const struct setting sparse_settings[] = {
	GENERATOR_COMMON,
	[LINEAR_FEATURES] = GENERATOR_FEATURES_SETTING(100, "Features, few of which count."),
	[LINEAR_BIAS] = BIAS_SETTING,
	[SPARSE_INFORMATIVE] = { .name = "informative",
				 .kind = SETTING_INTEGER,
				 .preset = 10,
				 .minimum = 1,
				 .maximum = GENERATOR_FEATURES,
				 .doc = "Features with a weight other than 0; which ones is drawn." },
};

static enum status linear_shape(const struct settings *settings, struct generator_shape *out, const char **setting,
				struct error *error)
{
	const struct setting_value *features = &settings->value[LINEAR_FEATURES],
				   *given = &settings->value[LINEAR_COEFFICIENTS];
	out->features = (size_t)features->number;
	if (given->given) {
		*setting = "coefficients";
		if (given->rows == 0 || given->rows > GENERATOR_FEATURES ||
		    (features->given && given->rows != out->features)) {
			return error_set(error, E_INVALID, "%zu coefficients were given, %s%zu are wanted", given->rows,
					 features->given ? "" : "1 to ",
					 features->given ? out->features : (size_t)GENERATOR_FEATURES);
		}
		out->features = given->rows;
		*setting = "rows";
	}
	out->coefficients = out->features;
	return OK;
}

static enum status sparse_shape(const struct settings *settings, struct generator_shape *out, const char **setting,
				struct error *error)
{
	const size_t informative = (size_t)settings->value[SPARSE_INFORMATIVE].number;
	out->features = out->coefficients = (size_t)settings->value[LINEAR_FEATURES].number;
	if (informative > out->features) {
		*setting = "informative";
		return error_set(error, E_INVALID, "%zu features cannot all be informative: there are %zu", informative,
				 out->features);
	}
	return OK;
}

static double weight(const struct generator *g, size_t j)
{
	const double u = 2 * generator_uniform(g, DRAW_COEFFICIENT, j) - 1;
	return u < 0 ? 1.5 * u - 0.5 : 1.5 * u + 0.5;
}

static void linear_draw(struct generator *g, const struct settings *settings)
{
	const struct setting_value *given = &settings->value[LINEAR_COEFFICIENTS];
	if (given->given) {
		memcpy(g->coefficient, given->values, given->rows * sizeof *g->coefficient);
	}
	for (size_t j = 0; j < g->shape.features && !given->given; j++) {
		g->coefficient[j] = weight(g, j);
	}
}

static void sparse_draw(struct generator *g, const struct settings *settings)
{
	uint32_t place[GENERATOR_FEATURES];
	const size_t d = g->shape.features;
	assert(d <= GENERATOR_FEATURES);
	for (size_t j = 0; j < d; j++) {
		place[j] = (uint32_t)j;
	}
	random_shuffle(g->seed, RANDOM_DATA, DRAW_SUPPORT, place, d);
	for (size_t k = 0; k < (size_t)settings->value[SPARSE_INFORMATIVE].number; k++) {
		g->coefficient[place[k]] = weight(g, place[k]);
	}
}

static void row(const struct generator *g, uint64_t p, double *out)
{
	const size_t d = g->shape.features;
	double y = generator_number(g, LINEAR_BIAS);
	for (size_t j = 0; j < d; j++) {
		out[j] = generator_normal(g, DRAW_FEATURE, p * d + j);
		y += out[j] * g->coefficient[j];
	}
	out[d] = y + generator_target_noise(g, p);
}

const struct generator_type generator_linear = {
	.name = "linear",
	.doc = "A target that is a weighted sum of normal features, and noise.",
	.source = "scikit-learn, sklearn.datasets.make_regression (all features informative)",
	.settings = linear_settings,
	.setting_count = COUNT_OF(linear_settings),
	.shape = linear_shape,
	.draw = linear_draw,
	.row = row,
	.noisy_target = true,
};

const struct generator_type generator_sparse_linear = {
	.name = "sparse_linear",
	.doc = "A target that is a weighted sum of a few of many normal features, and noise.",
	.source = "scikit-learn, sklearn.datasets.make_regression",
	.settings = sparse_settings,
	.setting_count = COUNT_OF(sparse_settings),
	.shape = sparse_shape,
	.draw = sparse_draw,
	.row = row,
	.noisy_target = true,
};
