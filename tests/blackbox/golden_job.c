/* Golden cases as jobs. See golden_job.h. */
#include "tests/blackbox/golden_job.h"

#include <string.h>

#include "tests/blackbox/client.h"
#include "tests/blackbox/exact.h"
#include "tests/support/golden.h"

/* Which optimizer of ours an algorithm is, and how it spells its momentum. */
static const struct {
	const char *algorithm, *type, *momentum;
} algorithms[] = {
	{ "sgd", "sgd", "momentum" },
	{ "momentum_buffer", "sgd", "mu" },
	{ "momentum_velocity", "heavy_ball", "beta" },
	{ "momentum_scaled", "heavy_ball", "gamma" },
	{ "nesterov_lookahead", "nesterov", "gamma" },
	{ "adam", "adam", NULL },
};

static void add_setting(cJSON *optimizer, const cJSON *item, const char *momentum)
{
	static const char *const same[] = { "dampening", "weight_decay", "nesterov",       "betas",
					    "eps",       "amsgrad",      "clip_grad_norm", "clip_grad_value" };
	if (strcmp(item->string, "lr") == 0)
		cJSON_AddItemToObject(optimizer, "learning_rate", cJSON_Duplicate(item, true));
	if (momentum && strcmp(item->string, momentum) == 0)
		cJSON_AddItemToObject(optimizer, "momentum", cJSON_Duplicate(item, true));
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		if (strcmp(item->string, same[i]) == 0)
			cJSON_AddItemToObject(optimizer, same[i], cJSON_Duplicate(item, true));
	if (strcmp(item->string, "lr_schedule") == 0) {
		ck_assert_str_eq(golden_string(item, "kind"), "inverse_time");
		cJSON_AddNumberToObject(optimizer, "learning_rate", golden_number(item, "lr0"));
		cJSON *schedule = exact_object(optimizer, "schedule");
		cJSON_AddStringToObject(schedule, "type", "inverse_time");
		cJSON_AddNumberToObject(schedule, "k", golden_number(item, "k"));
	}
}

void golden_add_optimizer(cJSON *job, const cJSON *golden)
{
	const char *algorithm = golden_string(golden, "algorithm");
	size_t k = 0, count = sizeof algorithms / sizeof *algorithms;
	while (k < count && strcmp(algorithms[k].algorithm, algorithm) != 0)
		k++;
	ck_assert_msg(k < count, "unknown algorithm %s", algorithm);
	cJSON *optimizer = exact_object(job, "optimizer");
	cJSON_AddStringToObject(optimizer, "type", algorithms[k].type);
	const cJSON *item = NULL;
	cJSON_ArrayForEach(item, golden) add_setting(optimizer, item, algorithms[k].momentum);
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
	ck_assert_msg(scaled || strcmp(how, "class") == 0, "targets %s", how);
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
