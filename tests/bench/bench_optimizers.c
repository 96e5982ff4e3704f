/*
 * Every optimizer on every test function and on models of shipped data: how many steps and evaluations of the gradient
 * until the objective is near its minimum. Prints a Markdown table; `make bench-optimizers` puts it into README.md.
 *
 * A run starts at the problem's own point and ends at the first x_k with f(x_k) <= target, after STEPS steps or when it
 * diverges. Where an optimizer has a learning rate with a number as its default, that is the best (fewest gradients) of
 * `rates` and of the default: tuned in hindsight, which nobody has in practice. Nothing else is tuned, float64, one
 * thread, all rows in every update (but for svrg and saga: their own batches, EPOCHS passes): counts, no times, the
 * same every run.
 *
 * bench_optimizers FOLDER: of tests/data.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "core/model/residual.h"
#include "core/optim/optimizer.h"
#include "tests/bench/bench.h"

enum { STEPS = 5000, BODY = 4000, EPOCHS = 200, FUNCTIONS_FIRST = 10 };
static const double rates[] = { 0.001, 0.01, 0.1, 1 };

/* minimum: of f near the start, NAN: what auto finds in all its steps. A run reaches it at 1e-8 above; `exact`: there.
 */
struct trial {
	const char *title, *model;
	const char *file, *loss; /* NULL: a function */
	double minimum;
	bool exact;
	struct bench_data data;
};

#define FUNCTION(name, point) name, "\"type\":\"function\",\"function\":\"" name "\",\"initial_point\":[" point "]"
static struct trial trials[] = {
	{ FUNCTION("rosenbrock", "-1.2,1"), .minimum = 0 },
	{ FUNCTION("himmelblau", "0.5,0.5"), .minimum = 0 },
	{ FUNCTION("beale", "1,1"), .minimum = 0 },
	{ FUNCTION("booth", "-1,2"), .minimum = 0 },
	{ FUNCTION("matyas", "4,-3"), .minimum = 0 },
	{ FUNCTION("three_hump_camel", "0.8,-0.5"), .minimum = 0 },
	{ FUNCTION("mccormick", "0,0"), .minimum = -1.9132229549810367 },
	{ FUNCTION("zakharov", "1,-0.5,0.7,0.3"), .minimum = 0 },
	{ FUNCTION("styblinski_tang", "-2,-4,-2.5"), .minimum = -117.49849711131424 },
	{ FUNCTION("rastrigin", "0.3,-0.2"), .minimum = 0 },
	{ FUNCTION("ackley", "0.4,-0.3"), .minimum = 0 },
	{ FUNCTION("levy", "1.5,0.6"), .minimum = 0 },
	{ FUNCTION("griewank", "1.2,-1"), .minimum = 0 },
	{ "quadratic",
	  "\"type\":\"function\",\"function\":\"quadratic\",\"A\":[[50.5,49.5],[49.5,50.5]],\"b\":[1,-2],"
	  "\"c\":0.5,\"initial_point\":[2,-3]",
	  .minimum = -1.7525 },
	{ "logistic",
	  "\"type\":\"function\",\"function\":\"logistic\",\"X\":[[1,0.5],[1,-1.2],[1,2.1],[1,0.3],[1,-0.7]],"
	  "\"y\":[1,0,1,0,1],\"l2\":0.1,\"initial_point\":[0,0]",
	  .minimum = NAN },
	{ "matrix_lsq",
	  "\"type\":\"function\",\"function\":\"matrix_lsq\",\"A\":[[1,2],[3,5],[0.5,-1]],\"C\":[[1,0.5],"
	  "[2.385,1],[0.3,-0.7]],\"shape\":[2,2],\"initial_point\":[1,2,3,4]",
	  .minimum = NAN },
	{ "least squares", "\"type\":\"linear_regression\"", "data_diabetes", "", .minimum = NAN },
	{ "ridge", "\"type\":\"linear_regression\",\"l2\":0.1", "data_diabetes", "", .minimum = NAN },
	{ "logistic regression", "\"type\":\"logistic_regression\",\"l2\":0.01", "data_breast_cancer", "class",
	  .minimum = NAN },
	{ "softmax regression", "\"type\":\"softmax_regression\",\"l2\":0.01", "data_iris", "class", .minimum = NAN },
	{ "MLP", "\"type\":\"mlp\",\"layers\":[{\"units\":8,\"activation\":\"tanh\"}],\"loss\":\"cross_entropy\"",
	  "data_iris", "class", .minimum = 0.05, .exact = true },
};
enum { COUNT = sizeof trials / sizeof trials[0] };

/* --- data --- */

static char *read_all(const char *folder, const char *name)
{
	char path[1000];
	snprintf(path, sizeof path, "%s/golden/trainings/%s.json", folder, name);
	FILE *file = fopen(path, "rb");
	if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
		bench_fail("cannot read %s", path);
	}
	const long size = ftell(file);
	char *text = bench_memory((size_t)size + 1);
	rewind(file);
	if (fread(text, 1, (size_t)size, file) != (size_t)size) {
		bench_fail("cannot read %s", path);
	}
	fclose(file);
	text[size] = '\0';
	return text;
}

/* x = (X - mean) / std; a number as target likewise. */
static void load(struct trial *trial, const char *folder)
{
	char *text = read_all(folder, trial->file);
	cJSON *file = cJSON_Parse(text);
	const cJSON *rows = cJSON_GetObjectItem(file, "X"), *mean = cJSON_GetObjectItem(file, "mean"),
		    *std = cJSON_GetObjectItem(file, "std"), *y = cJSON_GetObjectItem(file, "y"), *row, *cell;
	const double y_mean = cJSON_GetNumberValue(cJSON_GetObjectItem(file, "y_mean")),
		     y_std = cJSON_GetNumberValue(cJSON_GetObjectItem(file, "y_std"));
	const size_t m = (size_t)cJSON_GetArraySize(rows), n = (size_t)cJSON_GetArraySize(mean);
	size_t classes = 0, i = 0;
	cJSON_ArrayForEach(cell, y)
	{
		classes = trial->loss[0] == '\0' ? 0 : (size_t)fmax((double)classes, cell->valuedouble + 1);
	}
	bench_data_init(&trial->data, m, n, classes);
	struct data_view *view = &trial->data.view;
	double *x = bench_memory(m * n * sizeof *x), *target = bench_memory(m * sizeof *target);
	cJSON_ArrayForEach(row, rows)
	{
		const cJSON *centre = mean->child, *spread = std->child;
		cJSON_ArrayForEach(cell, row)
		{
			x[i++] = (cell->valuedouble - centre->valuedouble) / spread->valuedouble;
			centre = centre->next, spread = spread->next;
		}
	}
	i = 0;
	int32_t *label = (int32_t *)(uintptr_t)view->label;
	cJSON_ArrayForEach(cell, y)
	{
		target[i] = (cell->valuedouble - y_mean) / y_std;
		if (label != NULL) {
			label[i] = (int32_t)cell->valuedouble;
		}
		i++;
	}
	free((void *)(uintptr_t)view->x);
	free((void *)(uintptr_t)view->y);
	view->x = x;
	view->y = label == NULL ? target : NULL;
	view->dtype = DTYPE_FLOAT64;
	free(label == NULL ? NULL : target);
	cJSON_Delete(file);
	free(text);
}

/* --- runs --- */

struct count {
	bool refused, reached;
	uint64_t steps, gradients;
	uint64_t passes; /* of a stochastic one: over all rows; 0: all rows in each update */
	double loss;
	char type[40]; /* what ran: of auto the one that was chosen */
};

static void body_write(char body[BODY], const struct trial *trial, const char *optimizer, double target,
		       bool stochastic)
{
	char budget[80];
	snprintf(budget, sizeof budget, stochastic ? "\"epochs\":%d" : "\"steps\":%d", stochastic ? EPOCHS : STEPS);
	char limit[40] = "null";
	if (!isnan(target)) {
		snprintf(limit, sizeof limit, "%.17g", target);
	}
	snprintf(body, BODY,
		 "{%s\"model\":{%s},\"optimizer\":{%s},\"training\":{%s%s,\"dtype\":\"float64\"},"
		 "\"stopping\":{\"gradient_norm\":null,\"loss_change\":null,\"parameter_change\":null,\"target_loss\":%"
		 "s},"
		 "\"recording\":{\"every_steps\":%d}}",
		 trial->file == NULL ? ""
				     : "\"dataset\":{\"id\":\"ds_bench\",\"target\":\"target\",\"standardize\":false},",
		 trial->model, optimizer, trial->file == NULL || stochastic ? "" : "\"batch_size\":\"full\",", budget,
		 limit, STEPS);
}

/* Whether api admits such a job. */
static bool admitted(const char *body, const struct dataset_info *info)
{
	struct job_draft *draft = NULL;
	struct job_spec *spec = NULL;
	struct problem problem;
	problem_init(&problem);
	bool fine = job_draft_read(body, strlen(body), &draft, &problem) == OK &&
		    job_spec_resolve(draft, info, NULL, 1, &spec, &problem) == OK;
	job_spec_destroy(spec);
	job_draft_destroy(draft);
	problem_fini(&problem);
	return fine;
}

static struct objective *residual_of(const struct job_spec *spec)
{
	struct objective *residual = NULL;
	struct error error;
	if ((optimizer_needs(spec->train.optimizer.type, &spec->train.optimizer.settings) & NEEDS_SQUARES) &&
	    model_residual(&spec->model, &spec->shape, DTYPE_FLOAT64, &residual, &error) != OK) {
		bench_fail("%s", error.text);
	}
	return residual;
}

/* Through the epochs until the loss over all rows is down at the target. Whether it came to be. */
static bool run_epochs(struct trainer *trainer, const struct data_view *data, double target)
{
	struct evaluation seen = { .loss = INFINITY };
	struct trainer_progress progress;
	trainer_progress(trainer, &progress);
	while (!(seen.loss <= target) && trainer_reason(trainer) == STOP_NONE) {
		bench_advance(trainer, progress.steps_per_epoch);
		if (trainer_evaluate(trainer, trainer_parameters(trainer), data, &seen) != OK) {
			bench_fail("the evaluation was given up");
		}
	}
	return seen.loss <= target;
}

/* One run to the target (NAN: through all steps). */
static struct count run(const struct trial *trial, const char *optimizer, double target, bool stochastic)
{
	const struct bench_data *data = trial->file == NULL ? NULL : &trial->data;
	struct count count = { .refused = true };
	struct executor executor = executor_serial();
	struct trainer_progress progress;
	struct trainer *trainer = NULL;
	struct bench_job job;
	struct error error;
	char body[BODY];
	body_write(body, trial, optimizer, stochastic ? (double)NAN : target, stochastic);
	if (!admitted(body, data == NULL ? NULL : &data->info)) {
		return count;
	}
	bench_job_init(&job, body, data, 1);
	struct objective *residual = residual_of(job.spec);
	const struct trainer_setup setup = { .config = job.spec->train,
					     .objective = job.objective,
					     .training = data == NULL ? NULL : &data->view,
					     .residual = residual,
					     .executor = &executor };
	if (trainer_create(&setup, &trainer, &error) != OK) {
		bench_fail("%s", error.text);
	}
	bool reached = false;
	if (stochastic) {
		reached = run_epochs(trainer, &data->view, target);
	} else {
		bench_advance(trainer, STEPS + 1); /* and the end is seen */
	}
	trainer_progress(trainer, &progress);
	count = (struct count){
		.reached = reached || progress.reason == STOP_TARGET_LOSS,
		.steps = progress.step,
		.gradients = progress.gradients,
		.passes = stochastic ? (progress.step + progress.steps_per_epoch - 1) / progress.steps_per_epoch : 0,
		.loss = progress.best_value
	};
	snprintf(count.type, sizeof count.type, "%s", job.spec->train.optimizer.type->name);
	trainer_destroy(trainer);
	objective_destroy(residual);
	bench_job_fini(&job);
	return count;
}

/* Whether there is a rate to tune: those that search along a line or find it themselves have it at 1. */
static bool is_tuned(const struct optimizer_type *type)
{
	static const char *const own[] = { "dadapt_sgd", "dadapt_adam", "prodigy", "dowg" };
	const size_t rate = optimizer_rate_index(type);
	bool itself = type->iterate != NULL || rate == type->setting_count || isnan(type->settings[rate].preset);
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		itself = itself || strcmp(own[i], type->name) == 0;
	}
	return !itself;
}

static struct count best_of(const struct trial *trial, const struct optimizer_type *type, double minimum)
{
	char optimizer[200];
	const double target = trial->exact ? trial->minimum : minimum + 1e-8;
	snprintf(optimizer, sizeof optimizer, "\"type\":\"%s\"", type->name);
	if (strcmp(type->name, "polyak") == 0) {
		snprintf(optimizer, sizeof optimizer, "\"type\":\"polyak\",\"f_star\":%.17g", minimum);
	}
	const bool stochastic = type->batch_size != 0 && trial->file != NULL;
	struct count best = run(trial, optimizer, target, stochastic);
	for (size_t i = 0; i < sizeof rates / sizeof *rates && is_tuned(type) && !best.refused; i++) {
		snprintf(optimizer, sizeof optimizer, "\"type\":\"%s\",\"learning_rate\":%g", type->name, rates[i]);
		const struct count other = run(trial, optimizer, target, stochastic);
		if (other.reached && (!best.reached || other.gradients < best.gradients)) {
			best = other;
		}
	}
	return best;
}

/* --- the table --- */

static void cell_print(const struct count *count)
{
	if (count->refused) {
		printf(" |");
	} else if (!count->reached) {
		printf(" – |");
	} else if (count->passes > 0) {
		printf(" %llu p |", (unsigned long long)count->passes);
	} else if (count->gradients == count->steps + 1) {
		printf(" %llu |", (unsigned long long)count->steps);
	} else {
		printf(" %llu/%llu |", (unsigned long long)count->steps, (unsigned long long)count->gradients);
	}
}

static void head_print(size_t first, size_t end)
{
	printf("\n| |");
	for (size_t p = first; p < end; p++) {
		printf(" %s |", trials[p].title);
	}
	printf("\n| --- |");
	for (size_t p = first; p < end; p++) {
		printf(" --: |");
	}
	printf("\n");
}

static void table_print(size_t first, size_t end, const double minimum[COUNT])
{
	head_print(first, end);
	for (size_t i = 0; i < optimizer_type_count; i++) {
		const struct optimizer_type *type = optimizer_at(i);
		printf("| `%s` |", type->name);
		for (size_t p = first; p < end; p++) {
			const struct count count = best_of(&trials[p], type, minimum[p]);
			cell_print(&count);
		}
		printf("\n");
		fflush(stdout);
	}
	printf("| **`auto`** |");
	for (size_t p = first; p < end; p++) {
		const double target = trials[p].exact ? trials[p].minimum : minimum[p] + 1e-8;
		struct count count = run(&trials[p], "\"type\":\"auto\"", target, false);
		printf(" `%s`:", count.type);
		cell_print(&count);
	}
	printf("\n");
}

int main(int argc, char **argv)
{
	double minimum[COUNT];
	if (argc < 2) {
		bench_fail("which folder? tests/data is wanted");
	}
	for (size_t p = 0; p < COUNT; p++) {
		if (trials[p].file != NULL) {
			load(&trials[p], argv[1]);
		}
		minimum[p] = isnan(trials[p].minimum) ? run(&trials[p], "\"type\":\"auto\"", NAN, false).loss
						      : trials[p].minimum;
	}
	table_print(0, FUNCTIONS_FIRST, minimum);
	table_print(FUNCTIONS_FIRST, COUNT, minimum);
	for (size_t p = 0; p < COUNT; p++) {
		if (trials[p].file != NULL) {
			bench_data_fini(&trials[p].data);
		}
	}
	return 0;
}
