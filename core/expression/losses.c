/*
 * Losses that an expression calls and that are no formula of the dialect (formula.c), and what reduces the values of
 * all of them to a number.
 *
 * Predictions come first, the target second. Classes are indices from 0: of rows, of a matrix (one of each row) or of
 * a vector; a target of the shape of the predictions holds shares of all classes.
 */
#include <math.h>
#include <string.h>

#include "core/expression/syntax.h"

static size_t number(struct lowering *lowering, double value)
{
	return tensor_number(lowering->graph, value);
}

/* --- reductions --- */

/* The sum of all values divided by the rows. */
static size_t batchmean(struct lowering *lowering, size_t each)
{
	const struct shape shape = *shape_of(lowering, each);
	if (shape.rowed) {
		each = shape.rank > 0 ? tensor_unary(lowering->graph, TENSOR_sum, each) : each;
		return lower_mean(lowering, each);
	}
	size_t rows = number(lowering, shape.rank > 0 ? (double)shape.extent[0] : 1);
	return apply2(lowering, TENSOR_div, lower_sum(lowering, each), rows);
}

/* The sum of weighted values divided by the sum of the weights. Over rows of data, where no parameter is in the
 * weights, in a form that can be taken apart into rows: a batch's mean is that by its own weights. */
static size_t weighted_mean(struct lowering *lowering, size_t each, size_t weight)
{
	if (weight == NODE_NONE || failed(lowering)) {
		return NODE_NONE;
	}
	const struct tensor_node *node = &lowering->graph->node[weight];
	const bool rowed = shape_of(lowering, each)->rowed,
		   apart = node->shape.rowed && node->shape.rank == 0 && !node->varies;
	if (!rowed || (node->shape.rowed && !apart)) {
		return apply2(lowering, TENSOR_div, lower_sum(lowering, each), lower_sum(lowering, weight));
	}
	weight = apart ? tensor_unary(lowering->graph, TENSOR_WEIGHT_ROWS, weight) : lower_mean(lowering, weight);
	return apply2(lowering, TENSOR_div, lower_mean(lowering, each), weight);
}

size_t lower_reduced(struct lowering *lowering, const struct call *call, size_t each, size_t weight)
{
	if (failed(lowering) || each == NODE_NONE) {
		return NODE_NONE;
	}
	switch (call->node->reduction) {
	case REDUCTION_NONE:
		return each;
	case REDUCTION_SUM:
		return lower_sum(lowering, each);
	case REDUCTION_BATCHMEAN:
		return batchmean(lowering, each);
	case REDUCTION_UNSAID:
	case REDUCTION_MEAN:
		break;
	}
	return weight == NODE_NONE ? lower_mean(lowering, each) : weighted_mean(lowering, each, weight);
}

static size_t reduced(struct lowering *lowering, const struct call *call, size_t each)
{
	return lower_reduced(lowering, call, each, NODE_NONE);
}

/* Argument k, or its preset. */
static size_t argument(struct lowering *lowering, const struct call *call, size_t k)
{
	return k < call->count ? call->value[k] : number(lowering, call->function->preset[k - call->function->least]);
}

/* Argument k where it is there and no number that is its preset; else NODE_NONE. */
static size_t chosen(struct lowering *lowering, const struct call *call, size_t k)
{
	double value;
	const bool same = k >= call->count || (tensor_constant_value(lowering->graph, call->value[k], &value) &&
					       shape_of(lowering, call->value[k])->rank == 0 &&
					       value == call->function->preset[k - call->function->least]);
	return same ? NODE_NONE : call->value[k];
}

/* --- of numbers --- */

static size_t difference(struct lowering *lowering, const struct call *call)
{
	return apply2(lowering, TENSOR_sub, call->value[0], call->value[1]);
}

size_t lower_mse(struct lowering *lowering, const struct call *call)
{
	return reduced(lowering, call, lower_unary(lowering, TENSOR_square, difference(lowering, call)));
}

/* Half of it. */
size_t lower_squared_error(struct lowering *lowering, const struct call *call)
{
	size_t whole = lower_mse(lowering, call);
	return apply2(lowering, TENSOR_mul, number(lowering, 0.5), whole);
}

size_t lower_mae(struct lowering *lowering, const struct call *call)
{
	return reduced(lowering, call, lower_unary(lowering, TENSOR_abs, difference(lowering, call)));
}

/* Whether a threshold that is a number is above 0, or `zero` and not below; else says so. */
static bool check_threshold(struct lowering *lowering, const struct call *call, const char *name, size_t id, bool zero)
{
	double value;
	if (failed(lowering) || !tensor_constant_value(lowering->graph, id, &value) || value > 0 ||
	    (zero && value == 0)) {
		return true;
	}
	return syntax_fail(lowering->error, E_INVALID, call->node->position, "%s of %s is %g, and must be %s 0", name,
			   call->function->name, value, zero ? "at least" : "above");
}

/* The mean of those of z - y; of residuals each of them: delta is said by its name, or a number and in the second
 * place. */
size_t lower_huber(struct lowering *lowering, const struct call *call)
{
	double delta;
	const size_t second = call->value[1], last = call->count - 1;
	const bool number = call->count == 2 && tensor_constant_value(lowering->graph, second, &delta) &&
			    shape_of(lowering, second)->rank == 0;
	const bool residuals = second == NODE_NONE || number;
	const size_t width = residuals ? call->value[last] : argument(lowering, call, 2);
	if (!check_threshold(lowering, call, "delta", width, false)) {
		return NODE_NONE;
	}
	if (residuals) {
		size_t each = apply2(lowering, TENSOR_huber, call->value[0], width);
		return call->node->reduction == REDUCTION_UNSAID ? each : reduced(lowering, call, each);
	}
	return reduced(lowering, call, apply2(lowering, TENSOR_huber, difference(lowering, call), width));
}

/* Where beta is 0, |z - y|. */
size_t lower_smooth_l1(struct lowering *lowering, const struct call *call)
{
	const size_t beta = argument(lowering, call, 2);
	double value;
	if (!check_threshold(lowering, call, "beta", beta, true)) {
		return NODE_NONE;
	}
	if (!failed(lowering) && tensor_constant_value(lowering->graph, beta, &value) && value == 0) {
		return lower_mae(lowering, call);
	}
	return lower_formula(lowering, call);
}

/* The variance is raised to eps, which its gradient does not feel. */
size_t lower_gaussian_nll(struct lowering *lowering, const struct call *call)
{
	size_t value[FORMULA_ARGUMENTS];
	struct call raised = *call;
	memcpy(value, call->value, call->count * sizeof *value);
	value[2] = apply2(lowering, TENSOR_raised, value[2], argument(lowering, call, 4));
	raised.value = value;
	return value[2] == NODE_NONE ? NODE_NONE : lower_formula(lowering, &raised);
}

/* --- of two classes --- */

/* p being a probability */
size_t lower_bce(struct lowering *lowering, const struct call *call)
{
	const size_t weight = chosen(lowering, call, 2);
	const size_t each = apply2(lowering, TENSOR_bce, call->value[0], call->value[1]);
	return reduced(lowering, call, weight == NODE_NONE ? each : apply2(lowering, TENSOR_mul, weight, each));
}

/* max(0, 1 - y z), y being -1 or 1 */
size_t lower_hinge(struct lowering *lowering, const struct call *call)
{
	size_t yz = apply2(lowering, TENSOR_mul, call->value[1], call->value[0]);
	size_t gap = apply2(lowering, TENSOR_sub, number(lowering, 1), yz);
	return reduced(lowering, call, lower_unary(lowering, TENSOR_relu, gap));
}

/* softplus(z) - y z; with a weight p of the positive class (1 - y) z + (1 + (p - 1) y) softplus(-z). */
size_t lower_logistic(struct lowering *lowering, const struct call *call)
{
	size_t z = call->value[0], y = call->value[1], each;
	size_t positive = chosen(lowering, call, 2), weight = chosen(lowering, call, 3);
	if (positive == NODE_NONE) {
		size_t yz = apply2(lowering, TENSOR_mul, y, z);
		each = lower_difference(lowering, lower_unary(lowering, TENSOR_softplus, z), yz);
	} else {
		size_t one = number(lowering, 1), extra = apply2(lowering, TENSOR_sub, positive, one);
		size_t share = apply2(lowering, TENSOR_add, one, apply2(lowering, TENSOR_mul, extra, y));
		size_t plus = lower_unary(lowering, TENSOR_softplus, lower_unary(lowering, TENSOR_neg, z));
		each = apply2(lowering, TENSOR_mul, apply2(lowering, TENSOR_sub, one, y), z);
		each = apply2(lowering, TENSOR_add, each, apply2(lowering, TENSOR_mul, share, plus));
	}
	return reduced(lowering, call, weight == NODE_NONE ? each : apply2(lowering, TENSOR_mul, weight, each));
}

/* --- of several classes --- */

/* An operation along the last dimension, row by row. */
static size_t by_row(struct lowering *lowering, enum tensor_op op, size_t a)
{
	if (failed(lowering) || a == NODE_NONE) {
		return NODE_NONE;
	}
	const struct shape *shape = shape_of(lowering, a);
	return !shape->rowed && shape->rank == 2 ? tensor_by_row(lowering->graph, op, a)
						 : tensor_unary(lowering->graph, op, a);
}

static size_t negative(struct lowering *lowering, size_t a)
{
	return lower_unary(lowering, TENSOR_neg, a);
}

/* A row's number as a column beside the row's vector; rows of data need no more than that. */
static size_t beside_row(struct lowering *lowering, size_t a)
{
	if (failed(lowering) || a == NODE_NONE) {
		return NODE_NONE;
	}
	const struct shape shape = *shape_of(lowering, a);
	const struct shape column = { .rank = 2, .extent = { shape.extent[0], 1 } };
	return shape.rowed || shape.rank != 1 ? a : tensor_reshape(lowering->graph, a, &column);
}

/* Sum over classes of -share log p, shares of all classes, smoothed by s, weighed; divided by the rows alone. */
static size_t soft_cross_entropy(struct lowering *lowering, const struct call *call, size_t share, size_t s,
				 size_t weight)
{
	const struct shape z = *shape_of(lowering, call->value[0]); /* nodes move when more are made */
	size_t log_p = by_row(lowering, TENSOR_log_softmax, call->value[0]);
	if (s != NODE_NONE) {
		size_t even = apply2(lowering, TENSOR_mul, s, number(lowering, 1 / (double)z.extent[z.rank - 1]));
		size_t rest = apply2(lowering, TENSOR_sub, number(lowering, 1), s);
		share = apply2(lowering, TENSOR_add, apply2(lowering, TENSOR_mul, rest, share), even);
	}
	size_t part = apply2(lowering, TENSOR_mul, share, log_p);
	part = weight == NODE_NONE ? part : apply2(lowering, TENSOR_mul, weight, part);
	return reduced(lowering, call, negative(lowering, by_row(lowering, TENSOR_sum, part)));
}

/* The class whose rows count for nothing, the preset too unless the call is a model's loss (expression_loss), whose
 * classes come from the data: NODE_NONE where there is none. */
static size_t ignored(struct lowering *lowering, const struct call *call, size_t k)
{
	const struct tensor_node *y = &lowering->graph->node[call->value[1]];
	if (k < call->count) {
		return call->value[k];
	}
	bool there = call->argument != NULL && y->op != TENSOR_CONSTANT;
	for (size_t i = 0; call->argument != NULL && y->op == TENSOR_CONSTANT && i < shape_size(&y->shape); i++) {
		there = there ||
			lowering->graph->pool[y->at[0] + i] == call->function->preset[k - call->function->least];
	}
	return there ? argument(lowering, call, k) : NODE_NONE;
}

/* The target and its row's weight: nothing for rows whose class is the ignored one, which then stand as class 0. */
struct labels {
	size_t index, weight; /* weight NODE_NONE: 1 */
};

static struct labels read_labels(struct lowering *lowering, const struct call *call, size_t weight, size_t ignore)
{
	struct labels labels = { call->value[1], weight };
	if (ignore != NODE_NONE) {
		const size_t zero = number(lowering, 0), one = number(lowering, 1);
		const size_t away = apply2(lowering, TENSOR_sub, labels.index, ignore);
		if (failed(lowering)) {
			return labels;
		}
		labels.index = tensor_apply(lowering->graph, TENSOR_where, (size_t[]){ away, labels.index, zero });
		size_t counts = failed(lowering)
					? NODE_NONE
					: tensor_apply(lowering->graph, TENSOR_where, (size_t[]){ away, one, zero });
		labels.weight = weight == NODE_NONE ? counts
						    : apply2(lowering, TENSOR_mul, counts,
							     apply2(lowering, TENSOR_pick, weight, labels.index));
	} else if (weight != NODE_NONE) {
		labels.weight = apply2(lowering, TENSOR_pick, weight, labels.index);
	}
	return labels;
}

/* logsumexp(z) - z[k]; with smoothing s times 1 - s, and s of the mean over the classes of w[c] (logsumexp(z) - z[c]).
 */
size_t lower_cross_entropy(struct lowering *lowering, const struct call *call)
{
	const size_t z = call->value[0], y = call->value[1], s = chosen(lowering, call, 2);
	const size_t weight = chosen(lowering, call, 3);
	const struct shape shape = *shape_of(lowering, z);
	if (shape.rank > 0 && shape_equal(&shape, shape_of(lowering, y))) {
		return soft_cross_entropy(lowering, call, y, s, weight);
	}
	const size_t ignore = ignored(lowering, call, 4);
	struct labels labels = read_labels(lowering, call, weight, ignore);
	size_t total = by_row(lowering, TENSOR_logsumexp, z);
	size_t each = apply2(lowering, TENSOR_sub, total, apply2(lowering, TENSOR_pick, z, labels.index));
	if (s != NODE_NONE) {
		size_t one = number(lowering, 1), away = apply2(lowering, TENSOR_sub, beside_row(lowering, total), z);
		size_t all = weight == NODE_NONE ? away : apply2(lowering, TENSOR_mul, weight, away);
		size_t even = apply2(lowering, TENSOR_mul, by_row(lowering, TENSOR_sum, all),
				     number(lowering, 1 / (double)shape.extent[shape.rank - 1]));
		/* the row's weight is for the first part alone; an ignored row has neither */
		each = labels.weight == NODE_NONE ? each : apply2(lowering, TENSOR_mul, labels.weight, each);
		each = apply2(lowering, TENSOR_mul, apply2(lowering, TENSOR_sub, one, s), each);
		even = apply2(lowering, TENSOR_mul, s, even);
		if (ignore != NODE_NONE && !failed(lowering)) {
			size_t counts = read_labels(lowering, call, NODE_NONE, ignore).weight;
			even = apply2(lowering, TENSOR_mul, counts, even);
		}
		return lower_reduced(lowering, call, apply2(lowering, TENSOR_add, each, even), labels.weight);
	}
	each = labels.weight == NODE_NONE ? each : apply2(lowering, TENSOR_mul, labels.weight, each);
	return lower_reduced(lowering, call, each, labels.weight);
}

/* -l[k] of log-probabilities l. */
size_t lower_nll(struct lowering *lowering, const struct call *call)
{
	const size_t ignore = ignored(lowering, call, 3);
	struct labels labels = read_labels(lowering, call, chosen(lowering, call, 2), ignore);
	size_t each = negative(lowering, apply2(lowering, TENSOR_pick, call->value[0], labels.index));
	each = labels.weight == NODE_NONE ? each : apply2(lowering, TENSOR_mul, labels.weight, each);
	return lower_reduced(lowering, call, each, labels.weight);
}

/* Sum over the classes c but k of max(0, margin - z[k] + z[c])^p, divided by their number. */
size_t lower_multi_margin(struct lowering *lowering, const struct call *call)
{
	const size_t z = call->value[0], margin = argument(lowering, call, 2), p = argument(lowering, call, 3);
	size_t right = beside_row(lowering, apply2(lowering, TENSOR_pick, z, call->value[1]));
	size_t gap = apply2(lowering, TENSOR_add, apply2(lowering, TENSOR_sub, z, right), margin);
	gap = lower_unary(lowering, TENSOR_relu, gap);
	size_t own = lower_unary(lowering, TENSOR_relu, margin); /* that of class k, which does not count */
	if (failed(lowering)) {
		return NODE_NONE;
	}
	size_t all = by_row(lowering, TENSOR_sum, lower_power(lowering, gap, p));
	const struct shape *shape = shape_of(lowering, z);
	size_t count = number(lowering, (double)shape->extent[shape->rank - 1]);
	size_t each = apply2(lowering, TENSOR_sub, all, lower_power(lowering, own, p));
	return reduced(lowering, call, apply2(lowering, TENSOR_div, each, count));
}

/* Of matrices alone: rows of data are compared with one another by a model of their own. */
size_t lower_info_nce(struct lowering *lowering, const struct call *call)
{
	if (shape_of(lowering, call->value[0])->rowed || shape_of(lowering, call->value[1])->rowed) {
		syntax_fail(lowering->error, E_UNSUPPORTED, call->node->position,
			    "info_nce of an expression takes matrices, not rows of data: for those there is the model "
			    "contrastive with the loss info_nce");
		return pairs_rows(lowering, "info_nce compares rows with one another");
	}
	return lower_formula(lowering, call);
}

/* --- the losses of a model's settings --- */

/* The place of the argument that a setting is; `most`: none. Weights of classes are divided by, not those of rows. */
static size_t place_of(const struct expression_function *function, const char *setting)
{
	const bool classes = strcmp(setting, "class_weight") == 0 && function->lower == lower_cross_entropy;
	const char *name = classes ? "weight" : setting;
	return expression_argument_find(function, name, strlen(name));
}

/* A setting as a node; what is off is -1 to the functions. */
static size_t setting_node(struct tensor_graph *graph, const struct setting_value *value)
{
	const struct shape vector = { .rank = 1, .extent = { value->rows } };
	return value->rows > 0 ? tensor_array(graph, &vector, value->values)
			       : tensor_number(graph, isnan(value->number) ? -1 : value->number);
}

/* Of two classes: the mean of a row's loss times its class's weight, divided by that of the weights. */
static size_t weigh_classes(struct lowering *lowering, const struct call *call, size_t each,
			    const struct setting_value *weights)
{
	size_t weight = apply2(lowering, TENSOR_pick, setting_node(lowering->graph, weights), call->value[1]);
	return lower_reduced(lowering, call, apply2(lowering, TENSOR_mul, weight, each), weight);
}

size_t expression_loss(struct tensor_graph *graph, const char *name, const size_t *value, size_t count,
		       const struct settings *settings, const char **left_out)
{
	const struct expression_function *function = expression_function_find(name, strlen(name));
	struct expression_error error = { .status = OK };
	struct formula_tree *formulas = NULL;
	struct lowering lowering = { .graph = graph, .formulas = &formulas, .error = &error };
	struct ast_node node = { .kind = AST_CALL };
	size_t all[FORMULA_ARGUMENTS];
	*left_out = NULL;
	if (function == NULL || !function->reduces || function->most > FORMULA_ARGUMENTS) {
		return NODE_NONE;
	}
	for (size_t k = 0; k < function->most; k++) {
		all[k] = k < count             ? value[k]
			 : k < function->least ? NODE_NONE
					       : tensor_number(graph, function->preset[k - function->least]);
	}
	size_t filled = count;
	const struct setting_value *of_two = NULL; /* weights of two classes */
	for (size_t i = 0; i < settings->count; i++) {
		const struct setting_value *chosen_value = &settings->value[i];
		const double preset = settings->table[i].preset;
		const bool same = chosen_value->rows == 0 &&
				  (chosen_value->number == preset || (isnan(preset) && isnan(chosen_value->number)));
		const size_t k = place_of(function, settings->table[i].name);
		if (k < function->most && (chosen_value->rows > 0 || settings->table[i].kind != SETTING_VECTOR)) {
			all[k] = setting_node(graph, chosen_value);
			filled = k + 1 > filled ? k + 1 : filled;
		} else if (!same && function->lower == lower_logistic &&
			   strcmp(settings->table[i].name, "class_weight") == 0) {
			of_two = chosen_value;
		} else if (!same) {
			*left_out = settings->table[i].name;
			return NODE_NONE;
		}
	}
	struct call call = { .node = &node, .function = function, .count = filled, .value = all };
	node.reduction = of_two != NULL ? REDUCTION_NONE : REDUCTION_UNSAID;
	size_t loss = graph->status != OK ? NODE_NONE : function->lower(&lowering, &call);
	if (of_two != NULL && graph->status == OK) {
		node.reduction = REDUCTION_UNSAID;
		loss = weigh_classes(&lowering, &call, loss, of_two);
	}
	formulas_free(formulas);
	return loss;
}
