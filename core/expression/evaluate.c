#include "core/expression/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/tensor/program.h"

/* Nanoseconds, roughly, and numbers of intermediate values that an evaluation may take. */
enum { WORK_MAX = 700 * 1000, NUMBERS_MAX = 24 * 1024 };
/* What an operation costs beside its numbers, a number of it, and a product of a matrix. */
enum { WORK_OPERATION = 30, WORK_ELEMENT = 15, WORK_PRODUCT = 2 };

/* Refuses what would take long, or much memory beside that of the variables. */
static bool affordable(const struct tensor_graph *graph, struct expression_error *error)
{
	const struct tensor_work all = tensor_work(graph);
	const double numbers = all.made;
	const double work = WORK_OPERATION * all.operations + WORK_ELEMENT * all.touched + WORK_PRODUCT * all.products;
	if (numbers > NUMBERS_MAX) {
		snprintf(error->text, sizeof error->text,
			 "this is too much for an evaluation: intermediate values have %.0f numbers, at most %d are "
			 "allowed: make it a job",
			 numbers, NUMBERS_MAX);
	} else if (work > WORK_MAX) {
		snprintf(
			error->text, sizeof error->text,
			"this is too much work for an evaluation: it would take about %.0f us, at most %d are allowed: "
			"make it a job",
			floor(work / 1000), WORK_MAX / 1000);
	} else {
		return true;
	}
	error->status = E_TOO_LARGE;
	error->position = 0;
	return false;
}

static enum status run(const struct tensor_graph *graph, size_t root, const struct expression_variable *variables,
		       size_t count, double *value, double *gradient, struct expression_error *error)
{
	struct program *program = NULL;
	struct error why;
	struct executor executor = executor_serial();
	double *theta = malloc((graph->n + 1) * sizeof *theta);
	enum status status = E_MEMORY;
	if (theta != NULL) {
		size_t at = 0;
		for (size_t i = 0; i < count; i++) {
			size_t size = shape_size(&variables[i].shape);
			memcpy(theta + at, variables[i].values, size * sizeof *theta);
			at += size;
		}
		status = program_create(graph, root, NODE_NONE, DTYPE_FLOAT64, 1, 0, &program, &why);
	}
	if (status == OK) {
		status = program_evaluate(program, theta, NULL, &executor, value, gradient);
	} else {
		strcpy(error->text, theta == NULL ? "out of memory for the expression" : why.text);
	}
	error->status = status;
	program_destroy(program);
	free(theta);
	return status;
}

enum status expression_evaluate(const char *text, size_t length, const struct expression_variable *variables,
				size_t count, double *value, double *gradient, struct expression_error *error)
{
	struct tensor_graph graph;
	struct expression_scope scope = { .symbols = count };
	size_t root = NODE_NONE;
	*error = (struct expression_error){ .status = OK };
	scope.symbol = calloc(count + 1, sizeof *scope.symbol);
	if (scope.symbol == NULL) {
		strcpy(error->text, "out of memory for the expression");
		return error->status = E_MEMORY;
	}
	for (size_t i = 0; i < count; i++) {
		scope.symbol[i] = (struct expression_symbol){
			.name = variables[i].name,
			.kind = SYMBOL_PARAMETER,
			.shape = variables[i].shape,
			.node = NODE_NONE,
		};
	}
	tensor_graph_init(&graph);
	enum status status = expression_build(&graph, text, length, &scope, &root, error);
	if (status == OK && affordable(&graph, error)) {
		status = run(&graph, root, variables, count, value, gradient, error);
	}
	tensor_graph_fini(&graph);
	free(scope.symbol);
	return error->status != OK ? error->status : status;
}
