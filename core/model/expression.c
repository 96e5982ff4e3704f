#include "core/model/expression.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"
#include "core/model/expression_uses.h"
#include "core/model/squares_form.h"
#include "core/model/tables.h"

struct sketch {
	struct tensor_graph graph;
	struct expression_scope scope;
	size_t root, output, outputs, classes;
	size_t rows;   /* of any batch */
	double beside; /* of residuals: the number beside their squares */
	bool unsure;   /* a sum of squares only where the data's weights are no less than 0 */
};

/* rows: those that the text takes as a dimension of its values; 0: none. */
static enum status make_scope(struct sketch *sketch, const struct expression_config *config,
			      const struct model_shape *shape, size_t rows)
{
	struct expression_scope *scope = &sketch->scope;
	*scope = (struct expression_scope){ .features = shape->features,
					    .targets = shape->classes > 0 ? 1 : shape->targets,
					    .rows = rows };
	scope->symbols = config->parameters + config->symbols;
	scope->symbol = calloc(scope->symbols + 1, sizeof *scope->symbol);
	if (scope->symbol == NULL) {
		return E_MEMORY;
	}
	for (size_t p = 0; p < config->parameters; p++) {
		scope->symbol[p] = (struct expression_symbol){
			.name = config->parameter[p].name,
			.kind = SYMBOL_PARAMETER,
			.shape = config->parameter[p].shape,
			.node = NODE_NONE,
		};
	}
	if (config->symbols > 0) {
		memcpy(scope->symbol + config->parameters, config->symbol, config->symbols * sizeof *config->symbol);
	}
	return OK;
}

static enum status fail(struct expression_error *error, enum status status, const char *text)
{
	error->status = status;
	error->position = 0;
	snprintf(error->text, sizeof error->text, "%s", text);
	return status;
}

static enum status misfit(struct sketch *sketch, const struct loss_type *loss, size_t wanted,
			  struct expression_error *error)
{
	char sentence[160];
	snprintf(sentence, sizeof sentence, "the prediction gives %zu number%s a row, and %s wants %zu%s",
		 sketch->outputs, sketch->outputs == 1 ? "" : "s", loss->name, wanted,
		 loss->per_target == 2 ? ": all means, then all log variances, as in concat(m, s)" : "");
	return fail(error, E_INVALID, sentence);
}

/* Columns first .. first + count of the prediction; one of them is a number a row. */
static size_t columns_of(struct tensor_graph *graph, size_t prediction, size_t first, size_t count)
{
	return tensor_slice(graph, prediction, (size_t[]){ first, count, 0, 0 }, (bool[]){ count == 1, false });
}

/* A number a row as a row of one number, for losses of rows. */
static size_t as_row(struct tensor_graph *graph, size_t id)
{
	const struct shape row = { .rowed = true, .rank = 1, .extent = { 1 } };
	return graph->status == OK && graph->node[id].shape.rank == 0 ? tensor_reshape(graph, id, &row) : id;
}

/* What the loss's function compares: z and y, or means, log variances and y. Returns how many, 0 after an error. */
static size_t compared(struct sketch *sketch, const struct loss_type *loss, size_t value[3])
{
	struct tensor_graph *graph = &sketch->graph;
	const size_t targets = sketch->scope.targets;
	size_t y = tensor_target(graph, targets), z = sketch->output;
	if (graph->status == OK && loss->signs) { /* y is 0 or 1 here, -1 or 1 there */
		y = tensor_binary(graph, TENSOR_mul, tensor_number(graph, 2), y);
		y = graph->status == OK ? tensor_binary(graph, TENSOR_sub, y, tensor_number(graph, 1)) : y;
	}
	if (loss->per_target == 2) {
		value[0] = columns_of(graph, z, 0, targets);
		value[1] = columns_of(graph, z, targets, targets);
		value[2] = y;
		return graph->status == OK ? 3 : 0;
	}
	const bool rows = loss == &loss_kl || loss == &loss_cosine;
	value[0] = rows ? as_row(graph, z) : z;
	value[1] = rows ? as_row(graph, y) : y;
	return graph->status == OK ? 2 : 0;
}

/* The loss of the prediction against the target. */
static enum status add_loss(struct sketch *sketch, const struct model_config *config, struct expression_error *error)
{
	const struct loss_type *loss = config->loss;
	struct tensor_graph *graph = &sketch->graph;
	const struct shape *shape = &graph->node[sketch->output].shape;
	const char *left_out = NULL;
	char text[64], sentence[160];
	size_t value[3];
	if (!shape->rowed || shape->rank > 1) {
		snprintf(sentence, sizeof sentence, "the prediction is %s, not one for each row",
			 tensor_shape_text(shape, text));
		return fail(error, E_INVALID, sentence);
	}
	sketch->outputs = shape_size(shape);
	size_t wanted = loss->target == TARGET_CLASS ? sketch->classes
			: loss->target == TARGET_BINARY
				? 1
				: sketch->scope.targets * (loss->per_target == 0 ? 1 : loss->per_target);
	if (sketch->outputs != wanted) {
		return misfit(sketch, loss, wanted, error);
	}
	if (loss == &loss_residual) {
		size_t away =
			tensor_binary(graph, TENSOR_sub, sketch->output, tensor_target(graph, sketch->scope.targets));
		sketch->root = graph->status == OK ? tensor_unary(graph, TENSOR_MEAN_ROWS, away) : NODE_NONE;
		return graph->status == OK ? OK : fail(error, graph->status, graph->error.text);
	}
	size_t count = compared(sketch, loss, value);
	if (graph->status == OK) {
		sketch->root = expression_loss(graph, loss->name, value, count, &config->loss_settings, &left_out);
	}
	if (graph->status != OK) {
		return fail(error, graph->status, graph->error.text);
	}
	if (left_out != NULL) { /* one that was chosen must not be passed over in silence */
		snprintf(sentence, sizeof sentence, "%s of %s is not available for an expression", left_out,
			 loss->name);
		return fail(error, E_UNSUPPORTED, sentence);
	}
	return OK;
}

/* The residual of an objective that is a sum of squares in place of it, with what R2 is made of. */
static enum status draw_residual(struct sketch *sketch, struct expression_error *error)
{
	struct tensor_graph *graph = &sketch->graph;
	struct squares_form form;
	if (sketch->scope.rows > 0) {
		char sentence[260];
		snprintf(sentence, sizeof sentence, "the objective takes all rows at once: %s", graph->pairs);
		return fail(error, E_UNSUPPORTED, sentence);
	}
	const enum status status = squares_form(graph, sketch->root, &form);
	if (status == E_UNSUPPORTED && graph->status == OK) {
		return fail(error, E_UNSUPPORTED,
			    "the objective is not of the form mean(r**2), sum(r**2) or, weighted, mean(w*r**2), r one "
			    "number a row");
	}
	if (status == OK) {
		sketch->root = tensor_unary(graph, TENSOR_MEAN_ROWS, form.residual);
		sketch->output = form.observed;
		sketch->outputs = form.observed == NODE_NONE ? 0 : 2;
		sketch->unsure = !form.sure;
		sketch->beside = form.beside;
		graph->scores = true;
	}
	return status == OK && graph->status == OK ? OK : fail(error, E_MEMORY, "out of memory for the model");
}

static void sketch_fini(struct sketch *sketch)
{
	tensor_graph_fini(&sketch->graph);
	free(sketch->scope.symbol);
}

/* The text alone, as a graph. why: what keeps it from being one row by row; NULL where it is that. */
static enum status draw_text(struct sketch *sketch, const struct expression_config *expression,
			     const struct model_shape *shape, const struct expression_error *why,
			     struct expression_error *error)
{
	const char *text = expression->objective != NULL ? expression->objective : expression->prediction;
	struct tensor_graph *graph = &sketch->graph;
	*sketch = (struct sketch){
		.root = NODE_NONE, .output = NODE_NONE, .classes = shape->classes, .rows = shape->rows
	};
	*error = (struct expression_error){ .status = OK };
	tensor_graph_init(graph);
	if (make_scope(sketch, expression, shape, why != NULL ? shape->whole : 0) != OK) {
		return fail(error, E_MEMORY, "out of memory for the model");
	}
	if (why != NULL) {
		snprintf(graph->pairs, sizeof graph->pairs, "%.160s (character %zu)",
			 why->pairs != NULL ? why->pairs : why->text, expression_character(text, why->position));
		sketch->rows = shape->whole;
	}
	size_t *result = expression->objective != NULL ? &sketch->root : &sketch->output;
	enum status status = expression_build(graph, text, strlen(text), &sketch->scope, result, error);
	graph->features = shape->features;
	graph->targets = sketch->scope.targets;
	return status;
}

/* Of a text that is nothing row by row, nor with all rows as a dimension: what to say of it. */
static void choose_error(const char *text, size_t rows, const struct expression_error *apart,
			 struct expression_error *error)
{
	const bool known = error->status == E_INVALID || error->status == E_UNSUPPORTED;
	size_t used = strlen(error->text);
	if (known && apart->pairs == NULL && apart->position == error->position) {
		*error = *apart;
		used = strlen(error->text);
		if (strstr(error->text, "[rows") != NULL) {
			snprintf(error->text + used, sizeof error->text - used, "; there are %zu rows", rows);
		}
	} else if (known && strchr(error->text, '[') != NULL) { /* it shows shapes */
		char place[40] = "";
		if (apart->position != error->position) {
			snprintf(place, sizeof place, " (character %zu)", expression_character(text, apart->position));
		}
		snprintf(error->text + used, sizeof error->text - used,
			 "; rows are a dimension here as in numpy, for row by row this is not: %.160s%s",
			 apart->pairs != NULL ? apart->pairs : apart->text, place);
	}
}

/* Row by row where the text means something so; else an objective with all rows of the training part at once. */
static enum status draw(struct sketch *sketch, const struct model_config *config, const struct model_shape *shape,
			struct expression_error *error)
{
	const struct expression_config *expression = config->expression;
	enum status status = draw_text(sketch, expression, shape, NULL, error);
	if ((status == E_INVALID || status == E_UNSUPPORTED) && expression->objective != NULL && shape->whole > 0) {
		const struct expression_error apart = *error;
		sketch_fini(sketch);
		status = draw_text(sketch, expression, shape, &apart, error);
		if (status != OK) {
			choose_error(expression->objective, shape->whole, &apart, error);
			status = error->status;
		}
	}
	if (status == OK && expression->prediction == NULL && config->loss == &loss_residual) {
		return draw_residual(sketch, error);
	}
	return status == OK && expression->prediction != NULL ? add_loss(sketch, config, error) : status;
}

static bool is_bounded(const struct expression_config *config)
{
	bool bounded = false;
	for (size_t p = 0; p < config->parameters; p++) {
		bounded = bounded || config->parameter[p].lower != NULL;
	}
	return bounded;
}

/* Gives the objective the box of its parameters, which lie in theta in their order. Destroys it on failure. */
static enum status bound(const struct expression_config *config, struct objective *objective, struct error *error)
{
	double *lower = is_bounded(config) ? calloc(2 * objective->n, sizeof *lower) : NULL;
	double *upper = lower == NULL ? NULL : lower + objective->n;
	enum status status = OK;
	size_t i = 0;
	if (lower == NULL && !is_bounded(config)) {
		return OK;
	}
	for (size_t p = 0; p < config->parameters && lower != NULL; p++) {
		const struct expression_parameter *parameter = &config->parameter[p];
		for (size_t k = 0; k < shape_size(&parameter->shape); k++, i++) {
			lower[i] = parameter->lower != NULL ? parameter->lower[parameter->lowers > 1 ? k : 0]
							    : -(double)INFINITY;
			upper[i] = parameter->upper != NULL ? parameter->upper[parameter->uppers > 1 ? k : 0]
							    : (double)INFINITY;
		}
	}
	status = lower == NULL ? error_set(error, E_MEMORY, "no memory for the bounds")
			       : objective_bound(objective, lower, upper, error);
	free(lower);
	if (status != OK) {
		objective_destroy(objective);
	}
	return status;
}

/* Of a number that is made of others, and of one product of a large matrix product, on one core. */
static const double number_ns = 4, product_ns = 0.1;

static enum status build(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			 size_t slots, struct objective **out, struct error *error)
{
	struct sketch sketch;
	struct expression_error wrong;
	struct program *program = NULL, *product = NULL;
	const struct expression_config *expression = config->expression;
	struct start *start = calloc(expression->parameters + 1, sizeof *start);
	enum status status = draw(&sketch, config, shape, &wrong);
	if (status != OK) {
		error_set(error, status, "%s", wrong.text);
	} else if (start == NULL) {
		status = error_set(error, E_MEMORY, "out of memory for the model");
	} else {
		status = program_create(&sketch.graph, sketch.root, sketch.output, dtype, slots, sketch.rows, &program,
					error);
	}
	if (status == OK && shape->products) {
		status = program_create_product(&sketch.graph, sketch.root, dtype, slots, sketch.rows, &product, error);
		if (status != OK) {
			program_destroy(program);
		}
	}
	for (size_t p = 0; status == OK && p < expression->parameters; p++) {
		start[p] = expression->parameter[p].start;
	}
	if (status == OK) {
		status = tensor_objective_create(program, product, &sketch.graph, slots > 0 ? start : NULL,
						 sketch.outputs, dtype, shape->features > 0, out, error);
	}
	if (status == OK) {
		(*out)->link = model_link(config);
		const struct tensor_work work = tensor_work(&sketch.graph);
		(*out)->beside = sketch.beside;
		(*out)->work = number_ns * work.touched + product_ns * work.products;
		status = slots > 0 ? bound(expression, *out, error) : OK;
	}
	free(start);
	sketch_fini(&sketch);
	return status;
}

static enum status measure(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			   size_t slots, size_t *parameters, size_t *bytes)
{
	struct sketch sketch;
	struct expression_error wrong;
	size_t products = 0;
	enum status status = draw(&sketch, config, shape, &wrong);
	if (status == OK) {
		status = program_measure(&sketch.graph, sketch.root, sketch.output, dtype, slots, sketch.rows, bytes,
					 NULL);
	}
	if (status == OK && shape->products) {
		status =
			program_measure_product(&sketch.graph, sketch.root, dtype, slots, sketch.rows, &products, NULL);
	}
	if (status == OK) {
		*parameters = sketch.graph.n;
		*bytes += products + tensor_objective_bytes(&sketch.graph) +
			  (is_bounded(config->expression) ? 2 * sketch.graph.n * sizeof(double) : 0);
	}
	sketch_fini(&sketch);
	return status;
}

enum status expression_look(const struct model_config *config, const struct model_shape *shape,
			    struct expression_uses *uses, char couples[200], struct expression_error *error)
{
	struct sketch sketch;
	struct error why;
	enum status status = draw(&sketch, config, shape, error);
	couples[0] = '\0';
	if (status == OK) {
		status = program_check(&sketch.graph, sketch.root, sketch.output, couples, &why);
		if (status != OK) {
			fail(error, status, why.text);
		}
	}
	uses->whole = sketch.scope.rows > 0;
	if (status == OK && !expression_uses_find(&sketch.graph, sketch.root, &sketch.scope, uses)) {
		status = fail(error, E_MEMORY, "out of memory for the model");
	}
	sketch_fini(&sketch);
	return status;
}

enum status expression_check(const struct model_config *config, const struct model_shape *shape, char couples[200],
			     struct expression_error *error)
{
	struct expression_uses uses = { .parameter = NULL };
	return expression_look(config, shape, &uses, couples, error);
}

bool expression_squares_sure(const struct model_config *config, const struct model_shape *shape)
{
	struct sketch sketch;
	struct expression_error error;
	const bool sure = draw(&sketch, config, shape, &error) == OK && !sketch.unsure;
	sketch_fini(&sketch);
	return sure;
}

static const struct loss_type *const losses[] = {
	&loss_mse,      &loss_squared_error, &loss_log_loss,  &loss_cross_entropy, &loss_bce_with_logits,
	&loss_mae,      &loss_huber,         &loss_smooth_l1, &loss_quantile,      &loss_poisson,
	&loss_kl,       &loss_cosine,        &loss_gaussian,  &loss_hinge,         &loss_squared_hinge,
	&loss_log_cosh, &loss_soft_margin,   &loss_focal,     &loss_multi_margin,  NULL
};

static const struct loss_type *default_loss(const struct model_shape *shape)
{
	return shape->classes == 0 ? &loss_mse : shape->classes == 2 ? &loss_log_loss : &loss_cross_entropy;
}

static const struct model_maker maker = { .build = build, .measure = measure };

const struct model_type model_expression = {
	.name = "expression",
	.doc = "An objective written as text, or a prediction with a loss, of parameters, constants and columns.",
	.source = "Griewank, Walther 2008, Evaluating Derivatives, chapter 3 (reverse mode)",
	.target = TARGET_ANY,
	.losses = losses,
	.default_loss = default_loss,
	.is_expression = true,
	.maker = &maker,
};
