/*
 * What a job gets whose optimizer is "auto", or that names none: by the kind of its objective, what measured best over
 * the reference problems (the table of `make bench-optimizers`). A choice is never one that the job would then be
 * refused for: what the solvers themselves say of an objective (fits, suits) is asked first.
 *
 *   linear model     normal_equations for least squares, newton for another smooth loss, coordinate_descent with l1 and
 *                    for a hinge loss: while X'DX is affordable. lbfgs while a pass over all rows is. Else adam.
 *   game             adam: no method that compares values can follow it.
 *   network          see network(): a method without a rate to tune while it is small, else adam.
 *   function         lbfgs; lbfgsb in a box.
 *   expression       levenberg_marquardt for a sum of squares of a few parameters; lbfgs (lbfgsb in a box) while every
 *                    update can see all rows, else adam.
 *
 * Whatever asks for plain gradient steps (mini-batches, a learning rate, a schedule, clipping, decay, averages) gets
 * adam. It depends on nothing but the job and the shape of its data: the same choice every time.
 */
#include <stdio.h>
#include <string.h>

#include "api/spec.h"
#include "core/model/residual.h"

/* Multiplications that one update may take: of the Hessian of a linear model; of a pass over all rows. About a second,
 * and a tenth of one. */
static const double hessian_work = 2e10, pass_work = 2e9;
enum { SMALL_NETWORK = 100000, FEW_PARAMETERS = 100 };

static struct auto_choice chosen(struct judge *judge, const char *type, const char *why)
{
	return (struct auto_choice){ type, arena_printf(judge->reader.arena, "%s: %s", type, why) };
}

bool auto_wanted(const cJSON *item)
{
	if (item != NULL && cJSON_IsObject(item)) {
		item = cJSON_GetObjectItemCaseSensitive(item, "type");
	}
	return item == NULL || (cJSON_IsString(item) && strcmp(item->valuestring, "auto") == 0);
}

static bool says(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
	return item != NULL && !cJSON_IsNull(item) && !cJSON_IsFalse(item) &&
	       !(cJSON_IsString(item) &&
		 (strcmp(item->valuestring, "mean") == 0 || strcmp(item->valuestring, "without_replacement") == 0));
}

/* The first word of the job that only a method of plain gradient steps can follow; NULL: none. A setting that nobody
 * has counts: adam's are then the ones to compare it with. */
static const char *step_word(const struct judge *judge)
{
	const cJSON *item = judge->top[TOP_OPTIMIZER].item, *training = judge->top[TOP_TRAINING].item;
	for (const cJSON *one = cJSON_IsObject(item) ? item->child : NULL; one != NULL; one = one->next) {
		if (strcmp(one->string, "type") != 0 && strcmp(one->string, "auto") != 0 && says(item, one->string)) {
			return one->string;
		}
	}
	return says(training, "sampling") ? "sampling" : says(training, "reduction") ? "reduction" : NULL;
}

/* Whether the job wants batches of less than all rows. */
static bool batches_wanted(const struct judge *judge)
{
	const cJSON *training = judge->top[TOP_TRAINING].item;
	const cJSON *item = cJSON_IsObject(training) ? cJSON_GetObjectItemCaseSensitive(training, "batch_size") : NULL;
	return item != NULL && cJSON_IsNumber(item) && item->valuedouble < (double)judge->spec->training_rows;
}

/* Whether an optimizer at its defaults takes the objective. */
static bool takes(const char *type, const struct objective *objective)
{
	const struct optimizer_type *optimizer = optimizer_find(type);
	struct setting_value value[OPTIMIZER_SETTINGS];
	struct error error;
	settings_defaults(optimizer->settings, optimizer->setting_count, value);
	const struct settings settings = { optimizer->settings, optimizer->setting_count, value };
	return (objective->l1 == NULL || optimizer_is_proximal(optimizer)) &&
	       (optimizer->fits == NULL ||
		optimizer->fits(&settings, objective->tensor, objective->tensors, &error) == OK) &&
	       (optimizer->suits == NULL || optimizer->suits(&settings, objective, &error) == OK);
}

static struct auto_choice linear_model(struct judge *judge, const struct objective *objective)
{
	const double rows = (double)judge->spec->training_rows, n = (double)objective->n;
	const struct linear_form *form = &objective->linear;
	const double outputs = form->loss.coupled ? (double)form->outputs : 1;
	const bool second = rows * n * outputs * (double)linear_height(form) <= hessian_work;
	if (second && takes("normal_equations", objective)) {
		return chosen(judge, "normal_equations",
			      "least squares of a linear model has a closed form, and its equations are few");
	}
	if (second && takes("newton", objective)) {
		return chosen(judge, "newton",
			      "a smooth convex loss whose Hessian is affordable: some ten updates reach the minimum");
	}
	if (form->loss.kinked ? takes("coordinate_descent", objective) && rows * n <= pass_work
			      : second && takes("coordinate_descent", objective)) {
		return chosen(judge, "coordinate_descent",
			      form->loss.kinked ? "a hinge loss has corners, which its dual has not"
						: "l1 has a corner at 0, where this method sets weights to exactly 0");
	}
	if (rows * n <= pass_work && takes("lbfgs", objective) && form->l1 == 0 && !form->loss.kinked &&
	    form->loss.derive != NULL) {
		return chosen(judge, "lbfgs",
			      "a smooth convex loss whose Hessian is too large, while every update can see all rows");
	}
	return chosen(judge, "adam",
		      rows * n > pass_work
			      ? "so many rows and parameters that small batches get further in the same time"
			      : "a loss with corners, for which no solver here has a closed step");
}

/* Measured at the defaults of batches and budgets: see docs/decisions.md. */
static struct auto_choice network(struct judge *judge, size_t n)
{
	const struct settings *settings = &judge->spec->model.settings;
	for (size_t i = 0; i < settings->count; i++) {
		if (strcmp(settings->table[i].name, "l1") == 0 && settings->value[i].number != 0) {
			return chosen(judge, "adam", "l1 has a corner at 0: its steps set weights to exactly 0");
		}
	}
	if (n <= SMALL_NETWORK) {
		return chosen(judge, "prodigy", "a small network, for which it finds the learning rate by itself");
	}
	return chosen(judge, "adam", "a large network, for which its vectors of state are the fewest that adapt");
}

static struct auto_choice function(struct judge *judge)
{
	return judge->spec->train.bounded
		       ? chosen(judge, "lbfgsb", "a function in a box: curvature from gradients, within the bounds")
		       : chosen(judge, "lbfgs", "a function without noise: curvature from gradients, any dimension");
}

static struct auto_choice expression(struct judge *judge, size_t n)
{
	const struct job_spec *spec = judge->spec;
	const cJSON *direction = judge->top[TOP_DIRECTION].item;
	const bool maximize =
		direction != NULL && cJSON_IsString(direction) && strcmp(direction->valuestring, "maximize") == 0;
	const double work = (double)spec->training_rows * (double)n;
	struct error error;
	if (judge->couples == NULL && work > pass_work) {
		return chosen(judge, "adam", "so many rows that small batches get further in the same time");
	}
	if (spec->train.bounded) {
		return chosen(judge, "lbfgsb",
			      "parameters in a box: curvature from gradients over all rows, within the bounds");
	}
	const bool few = n <= FEW_PARAMETERS && !maximize && work * (double)n <= pass_work;
	const enum status squares = few ? model_squares_check(&spec->model, &spec->shape, &error) : E_INVALID;
	judge->failed = judge->failed || squares == E_MEMORY;
	if (squares == OK && model_squares_sure(&spec->model, &spec->shape)) {
		return chosen(judge, "levenberg_marquardt",
			      "a sum of squares of few parameters: the residuals tell the curvature");
	}
	return chosen(judge, "lbfgs",
		      judge->couples != NULL ? "the objective couples its rows, so every update sees all of them"
					     : "the objective has no noise when every update sees all rows");
}

/* By the kind of the objective. */
static struct auto_choice by_kind(struct judge *judge)
{
	struct job_spec *spec = judge->spec;
	struct objective *objective = NULL;
	struct auto_choice choice = { "adam", NULL };
	size_t n = 0, bytes;
	enum status status = model_measure(&spec->model, &spec->shape, DTYPE_FLOAT64, 1, &n, &bytes);
	if (status != OK) {
		judge->failed = judge->failed || status == E_MEMORY;
		return choice;
	}
	if (judge->model->plays) {
		return chosen(judge, "adam", "two networks that play against one another: steps that adapt to each");
	}
	if (judge->model->has_layers) {
		return network(judge, n);
	}
	if (judge->model->is_expression) {
		return expression(judge, n);
	}
	if (!judge->model->linear) {
		return chosen(judge, "adam", "a model that is neither linear nor a network, with steps that adapt");
	}
	status = model_build(&spec->model, &spec->shape, DTYPE_FLOAT64, 0, &objective, NULL);
	if (status != OK) {
		judge->failed = judge->failed || status == E_MEMORY;
		return choice;
	}
	choice = objective->linear.loss.derive != NULL
			 ? linear_model(judge, objective)
			 : chosen(judge, "adam",
				  "a loss that no solver of linear models here knows, with steps that adapt");
	objective_destroy(objective);
	return choice;
}

struct auto_choice auto_choose(struct judge *judge)
{
	const char *word = step_word(judge);
	if (word != NULL) {
		const char *why = arena_printf(judge->reader.arena,
					       "the job gives %s, which is for a method of plain gradient steps", word);
		return chosen(judge, "adam", why != NULL ? why : "");
	}
	if (judge->model == NULL || judge->alone || judge->failed || arena_failed(judge->reader.arena) ||
	    judge->reader.problem->faults_total > 0) {
		return (struct auto_choice){ "adam", NULL }; /* refused anyway, or not known yet */
	}
	if (judge->model->is_function) {
		return function(judge);
	}
	if (batches_wanted(judge)) {
		return chosen(judge, "adam", "the job asks for mini-batches, whose values cannot be compared");
	}
	return judge->shape_known ? by_kind(judge) : (struct auto_choice){ "adam", NULL };
}

const char *auto_kept(struct judge *judge, const char *type, const cJSON *item)
{
	const struct at at_optimizer = { NULL, "optimizer", 0 }, at = { &at_optimizer, "auto", 0 };
	const char *why = NULL;
	const size_t length = strlen(type);
	if (item == NULL || cJSON_IsNull(item) || !read_string(&judge->reader, &at, item, &why)) {
		return NULL;
	}
	return strncmp(why, type, length) == 0 && why[length] == ':' ? why : NULL;
}
