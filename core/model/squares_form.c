/* Signs, factors and weights are taken off until a square is left. See squares_form.h. */
#include "core/model/squares_form.h"

#include <stdlib.h>

/* Terms of a residual that are looked at, operations deep that a weight's sign is looked for. */
enum { TERMS_MOST = 64, SIGN_DEPTH = 8 };

struct search {
	struct tensor_graph *graph;
	bool *fixed;   /* [nodes at the start] no parameter is behind it */
	double sign;   /* of c */
	double factor; /* numbers that multiply the sum, while those beside it are looked for */
	double beside; /* the number that is added */
	size_t weight; /* w, or its root; NODE_NONE: 1 */
};

static const struct tensor_node *node_of(const struct search *search, size_t id)
{
	return &search->graph->node[id];
}

static void find_fixed(const struct tensor_graph *graph, bool *fixed)
{
	for (size_t i = 0; i < graph->nodes; i++) {
		const struct tensor_node *node = &graph->node[i];
		fixed[i] = node->op != TENSOR_PARAMETER;
		for (size_t k = 0; k < tensor_arity(node->op); k++) {
			fixed[i] = fixed[i] && fixed[node->input[k]];
		}
	}
}

static size_t apply(struct search *search, enum tensor_op op, size_t a, size_t b)
{
	return search->graph->status != OK ? NODE_NONE : tensor_binary(search->graph, op, a, b);
}

/* w = w a or w / a. */
static void weigh(struct search *search, enum tensor_op op, size_t a)
{
	const size_t one =
		search->weight == NODE_NONE && op == TENSOR_div ? tensor_number(search->graph, 1) : search->weight;
	search->weight = one == NODE_NONE ? a : apply(search, op, one, a);
}

/* The input of a product or quotient that parameters are behind, the other one being left in *factor; NODE_NONE: it is
 * none, or both are. */
static size_t factored(const struct search *search, size_t id, size_t *factor)
{
	const struct tensor_node *node = node_of(search, id);
	for (size_t k = 0; k < 2; k++) {
		if ((node->op == TENSOR_mul || (node->op == TENSOR_div && k == 0)) &&
		    search->fixed[node->input[1 - k]] && !search->fixed[node->input[k]]) {
			*factor = node->input[1 - k];
			return node->input[k];
		}
	}
	return NODE_NONE;
}

/* Takes a constant factor or divisor into the sign. False: it is none. */
static bool take_sign(struct search *search, enum tensor_op op, size_t factor)
{
	double value;
	if (!tensor_constant_value(search->graph, factor, &value) || node_of(search, factor)->shape.rank > 0) {
		return false;
	}
	search->sign *= value < 0 ? -1 : value > 0 ? 1 : 0;
	search->factor *= op == TENSOR_div ? 1 / value : value;
	return true;
}

static void turn(struct search *search)
{
	search->sign = -search->sign;
	search->factor = -search->factor;
}

/* The sum or mean over rows under factors and beside numbers; NODE_NONE: it is none. */
static size_t under_factors(struct search *search, size_t id)
{
	for (;;) {
		const struct tensor_node *node = node_of(search, id);
		size_t factor, inner = factored(search, id, &factor);
		double beside;
		if (node->op == TENSOR_SUM_ROWS || node->op == TENSOR_MEAN_ROWS) {
			return node->input[0];
		}
		if (inner != NODE_NONE && !take_sign(search, node->op, factor)) {
			return NODE_NONE;
		}
		if (node->op == TENSOR_neg) {
			turn(search);
			inner = node->input[0];
		}
		for (size_t k = 0; (node->op == TENSOR_add || node->op == TENSOR_sub) && k < 2; k++) {
			if (tensor_constant_value(search->graph, node->input[1 - k], &beside)) {
				const bool less = node->op == TENSOR_sub && k == 0;
				search->beside += (less ? -search->factor : search->factor) * beside;
				inner = node->input[k];
				if (node->op == TENSOR_sub && k == 1) {
					turn(search);
				}
			}
		}
		if (inner == NODE_NONE) {
			return NODE_NONE;
		}
		id = inner;
	}
}

/* What is left of a value without its signs and factors that no parameter is in; those go into sign and weight. */
static size_t strip(struct search *search, size_t id)
{
	while (search->graph->status == OK) {
		const struct tensor_node *node = node_of(search, id);
		const enum tensor_op op = node->op;
		size_t factor, inner = factored(search, id, &factor);
		if (op == TENSOR_neg) {
			search->sign = -search->sign;
			inner = node->input[0];
		} else if (inner != NODE_NONE && !take_sign(search, op, factor)) {
			weigh(search, op, factor);
		}
		if (inner == NODE_NONE) {
			break;
		}
		id = inner;
	}
	return id;
}

/* r of w r^2, written w*r**2 or w*r*r, the weight being left in search->weight; NODE_NONE: it is none. */
static size_t under_weights(struct search *search, size_t id)
{
	id = strip(search, id);
	const struct tensor_node *node = node_of(search, id);
	const size_t left = node->input[0], right = node->input[1];
	if (node->op == TENSOR_square) {
		return left;
	}
	if (node->op != TENSOR_mul || search->fixed[id]) {
		return NODE_NONE;
	}
	if (left == right) {
		return left;
	}
	const size_t one = strip(search, left), other = strip(search, right);
	return one == other ? one : NODE_NONE;
}

/* Whether a value is no less than 0 whatever the data are; false: it may be less. */
static bool never_negative(const struct tensor_graph *graph, size_t id, unsigned depth)
{
	const struct tensor_node *node = &graph->node[id];
	double value;
	if (tensor_constant_value(graph, id, &value)) {
		return value >= 0;
	}
	if (depth == SIGN_DEPTH) {
		return false;
	}
	switch ((int)node->op) {
	case TENSOR_square:
	case TENSOR_abs:
	case TENSOR_exp:
	case TENSOR_expit:
	case TENSOR_root:
	case TENSOR_sqrt:
	case TENSOR_less:
	case TENSOR_less_equal:
		return true;
	case TENSOR_mul:
	case TENSOR_div:
	case TENSOR_add:
		return never_negative(graph, node->input[0], depth + 1) &&
		       never_negative(graph, node->input[1], depth + 1);
	case TENSOR_where:
		return never_negative(graph, node->input[1], depth + 1) &&
		       never_negative(graph, node->input[2], depth + 1);
	default:
		return false;
	}
}

/* u of r = u - f, or of its negative: the target where it is a term by itself, else all terms without a parameter;
 * NODE_NONE: there is none. */
static size_t find_observed(struct search *search, size_t residual)
{
	struct {
		size_t id;
		bool minus;
	} stack[TERMS_MOST] = { { residual, false } };
	size_t left = 1, visited = 0, observed = NODE_NONE;
	while (left > 0 && visited++ < TERMS_MOST) {
		const size_t id = stack[--left].id;
		const bool minus = stack[left].minus;
		const struct tensor_node *node = node_of(search, id);
		const size_t terms = node->op == TENSOR_neg                             ? 1
				     : node->op == TENSOR_add || node->op == TENSOR_sub ? 2
											: 0;
		if (node->op == TENSOR_TARGET && node->shape.rank == 0) {
			return id;
		}
		for (size_t k = 0; k < terms && left < TERMS_MOST; k++) {
			const bool turned = node->op == TENSOR_neg || (node->op == TENSOR_sub && k == 1);
			stack[left].id = node->input[k];
			stack[left++].minus = minus != turned;
		}
		if (terms == 0 && search->fixed[id] && node->shape.rowed && node->shape.rank == 0) {
			size_t zero = observed == NODE_NONE ? tensor_number(search->graph, 0) : observed;
			observed = observed == NODE_NONE && !minus
					   ? id
					   : apply(search, minus ? TENSOR_sub : TENSOR_add, zero, id);
		}
	}
	return left > 0 ? NODE_NONE : observed;
}

/* sqrt(w) u beside sqrt(w) for each row: sqrt(w) is what was under the root of the weight and what multiplies u - f. */
static void observe(struct search *search, size_t residual, struct squares_form *out)
{
	struct tensor_graph *graph = search->graph;
	size_t factor, inner = residual;
	for (; inner != NODE_NONE; inner = factored(search, residual, &factor)) {
		if (inner != residual) {
			weigh(search, node_of(search, residual)->op, factor);
			residual = inner;
		}
		while (node_of(search, residual)->op == TENSOR_neg) {
			residual = node_of(search, residual)->input[0];
		}
	}
	size_t u = graph->status == OK ? find_observed(search, residual) : NODE_NONE;
	if (search->weight == NODE_NONE && u != NODE_NONE && node_of(search, u)->op == TENSOR_TARGET) {
		return;
	}
	/* 0 for each row, whatever is in it */
	const size_t zero = apply(search, TENSOR_less, out->residual, out->residual);
	const size_t one = search->weight == NODE_NONE ? tensor_number(graph, 1) : search->weight;
	const size_t root = apply(search, TENSOR_add, zero, one);
	u = u == NODE_NONE ? zero : apply(search, TENSOR_mul, u, root);
	out->observed = apply(search, TENSOR_concat, u, root);
}

enum status squares_form(struct tensor_graph *graph, size_t root, struct squares_form *out)
{
	struct search search = {
		.graph = graph, .fixed = malloc(graph->nodes + 1), .sign = 1, .factor = 1, .weight = NODE_NONE
	};
	*out = (struct squares_form){ .residual = NODE_NONE, .observed = NODE_NONE, .sure = true };
	if (search.fixed == NULL) {
		return E_MEMORY;
	}
	find_fixed(graph, search.fixed);
	size_t sum = under_factors(&search, root);
	const double beside = search.beside;
	size_t residual = sum == NODE_NONE ? NODE_NONE : under_weights(&search, sum);
	const struct shape *shape = residual == NODE_NONE ? NULL : &node_of(&search, residual)->shape;
	if (shape != NULL && shape->rowed && shape->rank == 0 && search.sign > 0) {
		out->residual = residual;
		out->beside = beside;
		if (search.weight != NODE_NONE) {
			out->sure = never_negative(graph, search.weight, 0);
			search.weight = tensor_unary(graph, TENSOR_sqrt, search.weight);
			out->residual = apply(&search, TENSOR_mul, search.weight, residual);
		}
		observe(&search, residual, out);
	}
	free(search.fixed);
	return graph->status != OK ? graph->status : out->residual == NODE_NONE ? E_UNSUPPORTED : OK;
}
