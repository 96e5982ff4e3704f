/* Golden cases as jobs. See golden_job.h. */
#include "tests/blackbox/golden_job.h"

#include <string.h>

#include "tests/blackbox/client.h"
#include "tests/blackbox/exact.h"
#include "tests/support/golden.h"

/* What an algorithm or its keys are called here where that differs (API, "Optimizers by name"); further what a name
 * implies, as a setting. */
static const struct {
	const char *algorithm, *type, *setting, *word;
} algorithms[] = {
	{ "momentum_buffer", "sgd", NULL, NULL },
	{ "momentum_velocity", "heavy_ball", NULL, NULL },
	{ "momentum_scaled", "heavy_ball", NULL, NULL },
	{ "momentum_ema", "ema_momentum", NULL, NULL },
	{ "nesterov_lookahead", "nesterov", NULL, NULL },
	{ "nesterov_fista", "fista", NULL, NULL },
	{ "exact_line_search", "steepest_descent", "line_search", "exact" },
	{ "armijo", "steepest_descent", "line_search", "armijo" },
	{ "linear_cg", "conjugate_gradient", "variant", "linear" },
	{ "nonlinear_cg", "conjugate_gradient", NULL, NULL },
	{ "polyak_step", "polyak", NULL, NULL },
	{ "normalised_gradient", "normalized_gradient", NULL, NULL },
	{ "trust_region_step", "trust_region", NULL, NULL },
};
static const struct {
	const char *algorithm, *key, *name; /* algorithm NULL: any; name NULL: not a setting */
} keys[] = {
	{ NULL, "name", NULL },
	{ NULL, "algorithm", NULL },
	{ NULL, "maximize", NULL },
	{ NULL, "lr", "learning_rate" },
	{ "momentum_buffer", "mu", "momentum" },
	{ "momentum_velocity", "beta", "momentum" },
	{ "momentum_ema", "beta", "momentum" },
	{ "momentum_scaled", "gamma", "momentum" },
	{ "nesterov_lookahead", "gamma", "momentum" },
	{ "armijo", "alpha0", "initial_step" },
	{ "armijo", "rho", "backtrack" },
	{ "barzilai_borwein", "alpha0", "initial_step" },
	{ "polyak_step", "max_lr", "max_learning_rate" },
};

static const char *name_of(const char *algorithm, const char *key)
{
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(keys[i].key, key) == 0 &&
		    (keys[i].algorithm == NULL || strcmp(keys[i].algorithm, algorithm) == 0))
			return keys[i].name;
	return key;
}

/* lr0 / (1 + k (t - 1)); sgdw's eta_schedule, which it may also be called here, is a factor on lr. */
static void add_schedule(cJSON *optimizer, const cJSON *item, bool factor)
{
	if (cJSON_IsNull(item)) {
		cJSON_AddNullToObject(optimizer, item->string);
		return;
	}
	ck_assert_str_eq(golden_string(item, "kind"), "inverse_time");
	if (!factor)
		cJSON_AddNumberToObject(optimizer, "learning_rate", golden_number(item, "lr0"));
	cJSON *schedule = exact_object(optimizer, factor ? item->string : "schedule");
	cJSON_AddStringToObject(schedule, "type", "inverse_time");
	cJSON_AddNumberToObject(schedule, "k", golden_number(item, "k"));
}

void golden_add_optimizer(cJSON *job, const cJSON *golden)
{
	const char *algorithm = golden_string(golden, "algorithm"), *type = algorithm;
	cJSON *optimizer = exact_object(job, "optimizer");
	const cJSON *item = NULL;
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
		if (strcmp(algorithms[i].algorithm, algorithm) == 0) {
			type = algorithms[i].type;
			if (algorithms[i].setting)
				cJSON_AddStringToObject(optimizer, algorithms[i].setting, algorithms[i].word);
		}
	cJSON_AddStringToObject(optimizer, "type", type);
	cJSON_ArrayForEach(item, golden)
	{
		const char *name = name_of(algorithm, item->string);
		if (strcmp(item->string, "lr_schedule") == 0 || strcmp(item->string, "eta_schedule") == 0)
			add_schedule(optimizer, item, item->string[0] == 'e');
		else if (name)
			cJSON_AddItemToObject(optimizer, name, cJSON_Duplicate(item, true));
	}
}

static void transform_inputs(const cJSON *file, const char *how, struct golden_data *data)
{
	if (strcmp(how, "scaled") == 0) {
		for (size_t i = 0; i < data->rows * data->features; i++)
			data->x[i] /= 16;
		return;
	}
	ck_assert_str_eq(how, "standardised");
	double *mean = golden_array(file, "mean", NULL), *std = golden_array(file, "std", NULL);
	for (size_t i = 0; i < data->rows * data->features; i++)
		data->x[i] = (data->x[i] - mean[i % data->features]) / std[i % data->features];
	free(mean);
	free(std);
}

static void transform_targets(const cJSON *file, const char *how, struct golden_data *data)
{
	data->targets = 1;
	if (strcmp(how, "input") == 0) {
		data->targets = data->features;
		data->y = data->x;
		return;
	}
	data->y = keep(golden_array(file, "y", NULL));
	double shift = strcmp(how, "standardised") == 0 ? golden_number(file, "y_mean") : 0;
	bool scaled = strcmp(how, "standardised") == 0 || strcmp(how, "y/y_std") == 0;
	bool stored = strncmp(how, "class", 5) == 0 || strncmp(how, "real, as stored", 15) == 0;
	ck_assert_msg(scaled || stored, "targets %s", how);
	for (size_t i = 0; scaled && i < data->rows; i++)
		data->y[i] = (data->y[i] - shift) / golden_number(file, "y_std");
}

void golden_data_read(const cJSON *description, struct golden_data *out)
{
	const char *name = strrchr(golden_string(description, "file"), '/');
	name = name ? name + 1 : golden_string(description, "file");
	cJSON *file = golden_load(text_of("golden/trainings/%s", name));
	*out = (struct golden_data){ 0 };
	out->x = keep(golden_matrix(file, "X", &out->rows, &out->features));
	out->rows = (size_t)golden_number_or(description, "rows", (double)out->rows);
	transform_inputs(file, golden_string(description, "inputs"), out);
	transform_targets(file, golden_string(description, "targets"), out);
	cJSON_Delete(file);
}

void golden_add_data(cJSON *job, const struct golden_data *data)
{
	cJSON *dataset = exact_object(job, "dataset"), *table = exact_object(dataset, "inline");
	cJSON *columns = cJSON_AddArrayToObject(table, "columns"), *rows = cJSON_AddArrayToObject(table, "rows");
	cJSON *target = cJSON_AddArrayToObject(dataset, "target");
	for (size_t j = 0; j < data->features; j++)
		cJSON_AddItemToArray(columns, cJSON_CreateString(text_of("x%zu", j)));
	for (size_t k = 0; k < data->targets; k++) {
		cJSON_AddItemToArray(columns, cJSON_CreateString(text_of("y%zu", k)));
		cJSON_AddItemToArray(target, cJSON_CreateString(text_of("y%zu", k)));
	}
	for (size_t i = 0; i < data->rows; i++) {
		cJSON *row = exact_list(data->x + i * data->features, data->features);
		for (size_t k = 0; k < data->targets; k++)
			cJSON_AddItemToArray(row, cJSON_CreateNumber(data->y[i * data->targets + k]));
		cJSON_AddItemToArray(rows, row);
	}
	cJSON_AddFalseToObject(dataset, "standardize");
}

void golden_add_training(cJSON *job, double steps)
{
	cJSON *training = exact_object(job, "training");
	cJSON_AddStringToObject(training, "batch_size", "full");
	cJSON_AddNumberToObject(training, "steps", steps);
	cJSON_AddStringToObject(training, "dtype", "float64");
}
