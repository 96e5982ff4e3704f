/*
 * From a graph to the layout of a plan: fuse, find what is needed, give every value and gradient a place, choose
 * block and lanes from the shapes.
 */
#include "core/graph/layout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"
#include "core/graph/blocks.h"
#include "core/graph/ops/ops.h"

/* A node on its way into the plan. */
struct draft {
	struct graph_node node;
	bool live; /* the root or the output needs it */
	bool for_root;
	bool for_output;
	bool wanted;   /* its gradient is: a parameter lies behind it */
	size_t uses;   /* by live nodes */
	size_t reader; /* the last live node that reads it */
	bool written;  /* a contribution to its gradient was planned already */
	double coefficient;
	size_t value, gradient, scalar; /* places; 0: none */
};

static bool is_rows(const struct draft *draft)
{
	return draft->node.kind == NODE_OPERATION && draft->node.op->kind == OP_ROWS;
}

static size_t arity(const struct draft *draft)
{
	return draft->node.kind == NODE_OPERATION ? draft->node.op->arity : 0;
}

/* add_bias(matmul(X, W), b) becomes affine(X, W, b) where nobody else reads the product. */
static void fuse_affine(struct draft *draft, size_t count, size_t output)
{
	for (size_t i = 0; i < count; i++) {
		struct graph_node *node = &draft[i].node;
		if (node->kind != NODE_OPERATION || node->op != &op_add_bias) {
			continue;
		}
		size_t product = node->input[0];
		const struct graph_node *inner = &draft[product].node;
		if (inner->kind == NODE_OPERATION && inner->op == &op_matmul && draft[product].uses == 1 &&
		    product != output) {
			node->op = &op_affine;
			node->input[2] = node->input[1];
			node->input[0] = inner->input[0];
			node->input[1] = inner->input[1];
		}
	}
}

/* What the root and the output need, how often it is read, and whether a parameter lies behind it. */
static void find_needs(struct draft *draft, size_t count, size_t root, size_t output)
{
	for (size_t i = 0; i < count; i++) {
		draft[i].for_root = i == root;
		draft[i].for_output = i == output;
		draft[i].uses = 0;
	}
	for (size_t i = count; i-- > 0;) {
		draft[i].live = draft[i].for_root || draft[i].for_output;
		for (size_t k = 0; draft[i].live && k < arity(&draft[i]); k++) {
			struct draft *input = &draft[draft[i].node.input[k]];
			input->for_root |= draft[i].for_root;
			input->for_output |= draft[i].for_output;
			if (input->uses++ == 0) {
				input->reader = i;
			}
		}
	}
	for (size_t i = 0; i < count; i++) {
		draft[i].wanted = draft[i].node.kind == NODE_PARAMETER;
		for (size_t k = 0; k < arity(&draft[i]); k++) {
			draft[i].wanted |= draft[draft[i].node.input[k]].wanted;
		}
	}
}

/* d(root) / d(node) of every scalar: known before anything runs, since scalar operations are linear. */
static void find_coefficients(struct draft *draft, size_t root)
{
	draft[root].coefficient = 1;
	for (size_t i = root + 1; i-- > 0;) {
		double d_in[GRAPH_ARITY];
		if (!draft[i].for_root || draft[i].node.kind != NODE_OPERATION || draft[i].node.op->kind != OP_SCALAR) {
			continue;
		}
		draft[i].node.op->scalar_reverse(draft[i].coefficient, draft[i].node.attribute, d_in);
		for (size_t k = 0; k < arity(&draft[i]); k++) {
			draft[draft[i].node.input[k]].coefficient += d_in[k];
		}
	}
}

/* Whether the value of node i may lie over that of its first input. */
static bool runs_in_place(const struct draft *draft, size_t i)
{
	const struct graph_op *op = draft[i].node.op;
	const struct draft *input = &draft[draft[i].node.input[0]];
	return op->in_place && is_rows(input) && input->uses == 1 && !(op->reverse_reads & READS_IN_0) &&
	       !(input->node.op->reverse_reads & READS_OUT);
}

/* Gives every live node its places. */
static void find_places(struct plan *plan, struct draft *draft, size_t count)
{
	plan->values = plan->gradients = plan->scalars_room = 1;
	for (size_t i = 0; i < count; i++) {
		const struct graph_node *node = &draft[i].node;
		if (!draft[i].live && node->kind != NODE_PARAMETER) {
			continue;
		}
		if (node->kind == NODE_OPERATION && node->op->kind != OP_ROWS) {
			draft[i].scalar = plan->scalars_room++;
		} else if (is_rows(&draft[i]) && runs_in_place(draft, i)) {
			draft[i].value = draft[node->input[0]].value;
		} else {
			draft[i].value = plan->values++;
		}
	}
	for (size_t i = count; i-- > 0;) {
		const struct draft *reader = &draft[draft[i].reader];
		if (draft[i].node.kind == NODE_PARAMETER) {
			draft[i].gradient = plan->gradients++;
		} else if (is_rows(&draft[i]) && draft[i].for_root && draft[i].wanted) {
			bool over = draft[i].uses == 1 && is_rows(reader) && reader->node.op->in_place &&
				    reader->node.input[0] == i;
			draft[i].gradient = over ? reader->gradient : plan->gradients++;
		}
	}
}

static void make_step(struct plan *plan, struct draft *draft, size_t i)
{
	struct plan_step *step = &plan->step[plan->steps++];
	const struct graph_op *op = draft[i].node.op;
	step->op = op;
	step->forward = op->forward[plan->dtype];
	step->out = draft[i].value;
	step->shape[GRAPH_ARITY] = draft[i].node.shape;
	step->d_out = draft[i].gradient;
	if (op->kind == OP_ROWS && draft[i].gradient != 0) {
		step->reverse = op->reverse[plan->dtype];
	}
	if (op->kind == OP_MEAN) {
		step->coefficient = draft[i].coefficient;
		step->scalar = draft[i].scalar;
		step->sum = plan->means++;
	}
	for (size_t k = 0; k < op->arity; k++) {
		const struct draft *input = &draft[draft[i].node.input[k]];
		step->in[k] = input->value;
		step->shape[k] = input->node.shape;
		step->parameter[k] = input->node.kind == NODE_PARAMETER;
		step->features |= k == 0 && input->node.kind == NODE_FEATURES;
		step->d_in[k] = draft[i].for_root && input->wanted ? input->gradient : 0;
	}
}

/* Steps are reversed from the last to the first: the first to contribute to a gradient writes it. */
static void find_contributions(struct plan *plan, struct draft *draft, const size_t *origin)
{
	for (size_t s = plan->steps; s-- > 0;) {
		struct plan_step *step = &plan->step[s];
		bool runs = step->reverse != NULL || step->op->kind == OP_MEAN;
		for (size_t k = 0; runs && k < step->op->arity; k++) {
			struct draft *input = &draft[draft[origin[s]].node.input[k]];
			if (step->d_in[k] != 0) {
				step->accumulate[k] = input->written;
				input->written = true;
			}
		}
	}
}

static void make_parameters(struct plan *plan, const struct graph *graph, struct draft *draft)
{
	for (size_t p = 0; p < graph->parameters; p++) {
		const struct graph_parameter *from = &graph->parameter[p];
		plan->parameter[p] = (struct plan_parameter){
			.offset = from->tensor.offset,
			.size = from->tensor.size,
			.value = draft[from->node].value,
			.gradient = draft[from->node].gradient,
			.untouched = !draft[from->node].written,
		};
	}
	plan->parameters = graph->parameters;
}

static void make_penalty(struct plan *plan, const struct graph *graph, struct draft *draft, size_t i)
{
	struct draft *parameter = &draft[draft[i].node.input[0]];
	const struct tensor *tensor = &graph->parameter[parameter->node.parameter].tensor;
	plan->penalty[plan->penalties++] = (struct plan_penalty){
		.op = draft[i].node.op,
		.offset = tensor->offset,
		.size = tensor->size,
		.accumulate = parameter->written,
		.coefficient = draft[i].coefficient,
		.scalar = draft[i].scalar,
	};
	parameter->written = true;
}

static void make_scalar(struct plan *plan, const struct draft *draft, size_t i)
{
	struct plan_scalar *scalar = &plan->scalar[plan->scalars++];
	*scalar = (struct plan_scalar){
		.op = draft[i].node.op,
		.out = draft[i].scalar,
		.attribute = draft[i].node.attribute,
	};
	for (size_t k = 0; k < arity(&draft[i]); k++) {
		scalar->in[k] = draft[draft[i].node.input[k]].scalar;
	}
}

static void make_data(struct plan *plan, const struct draft *draft)
{
	const struct shape *shape = &draft->node.shape;
	switch (draft->node.kind) {
	case NODE_FEATURES:
		plan->features = shape->extent[0];
		plan->features_place = draft->value;
		break;
	case NODE_TARGET:
		plan->targets = shape->extent[0];
		plan->target_place = draft->value;
		break;
	case NODE_LABEL:
		plan->classes = shape->classes;
		plan->label_place = draft->value;
		break;
	case NODE_PARAMETER:
	case NODE_OPERATION:
		break;
	}
}

/* Fills the tables, in the order of the nodes. origin: step -> node. */
static void make_tables(struct plan *plan, const struct graph *graph, struct draft *draft, size_t *origin)
{
	for (size_t i = 0; i < graph->nodes; i++) {
		if (!draft[i].live) {
			continue;
		}
		make_data(plan, &draft[i]);
		if (is_rows(&draft[i]) || (draft[i].node.kind == NODE_OPERATION && draft[i].node.op->kind == OP_MEAN)) {
			if (draft[i].for_output) {
				plan->predict_step[plan->predict_steps++] = plan->steps;
			}
			origin[plan->steps] = i;
			make_step(plan, draft, i);
		}
	}
	find_contributions(plan, draft, origin);
	for (size_t i = 0; i < graph->nodes; i++) {
		if (draft[i].live && draft[i].node.kind == NODE_OPERATION) {
			if (draft[i].node.op->kind == OP_SUM) {
				make_penalty(plan, graph, draft, i);
			} else if (draft[i].node.op->kind == OP_SCALAR) {
				make_scalar(plan, draft, i);
			}
		}
	}
	make_parameters(plan, graph, draft);
}

static bool allocate_tables(struct plan *plan, const struct graph *graph)
{
	size_t nodes = graph->nodes + 1;
	plan->step = calloc(nodes, sizeof *plan->step);
	plan->predict_step = calloc(nodes, sizeof *plan->predict_step);
	plan->penalty = calloc(nodes, sizeof *plan->penalty);
	plan->scalar = calloc(nodes, sizeof *plan->scalar);
	plan->parameter = calloc(nodes, sizeof *plan->parameter);
	plan->value_buffer = calloc(nodes, sizeof *plan->value_buffer);
	plan->gradient_buffer = calloc(nodes, sizeof *plan->gradient_buffer);
	return plan->step != NULL && plan->predict_step != NULL && plan->penalty != NULL && plan->scalar != NULL &&
	       plan->parameter != NULL && plan->value_buffer != NULL && plan->gradient_buffer != NULL;
}

void plan_tables_free(struct plan *plan)
{
	free(plan->step);
	free(plan->predict_step);
	free(plan->penalty);
	free(plan->scalar);
	free(plan->parameter);
	free(plan->value_buffer);
	free(plan->gradient_buffer);
}

/* What this plan cannot run yet. */
static enum status check(const struct graph *graph, const struct draft *draft, size_t root, size_t output,
			 struct error *error)
{
	const struct shape *shape = &graph->node[root].shape;
	char text[128];
	if (shape->rowed || shape->rank != 0) {
		return error_set(error, E_INVALID, "the objective must be a scalar, not %s", shape_text(shape, text));
	}
	if (output != NODE_NONE && !is_rows(&draft[output])) {
		return error_set(error, E_UNSUPPORTED, "the outputs must be computed from rows");
	}
	for (size_t i = 0; i < graph->nodes; i++) {
		for (size_t k = 0; k < arity(&draft[i]); k++) {
			const struct graph_node *input = &draft[draft[i].node.input[k]].node;
			bool scalar = input->kind == NODE_OPERATION && input->op->kind != OP_ROWS;
			if (scalar != (draft[i].node.op->kind == OP_SCALAR)) {
				return error_set(error, E_UNSUPPORTED, "%s of a value computed from parameters",
						 draft[i].node.op->name);
			}
		}
	}
	return OK;
}

/* The buffers of rows: the place and the width of each value and gradient that is not a leaf's. */
static enum status make_buffers(struct plan *plan, const struct graph *graph, const struct draft *draft,
				struct error *error)
{
	struct blocks blocks = { .plan = plan };
	for (size_t i = 0; i < graph->nodes; i++) {
		if (is_rows(&draft[i]) && draft[i].live) {
			size_t width = shape_size(&draft[i].node.shape);
			const struct draft *input = &draft[draft[i].node.input[0]];
			if (!is_rows(input) || input->value != draft[i].value) {
				blocks_add_value(&blocks, draft[i].value, width);
			}
			const struct draft *reader = &draft[draft[i].reader];
			if (draft[i].gradient != 0 && !(draft[i].uses > 0 && reader->gradient == draft[i].gradient)) {
				blocks_add_gradient(&blocks, draft[i].gradient, width);
			}
		}
	}
	return blocks_choose(&blocks, error);
}

enum status plan_layout(struct plan *plan, const struct graph *graph, size_t root, size_t output, struct error *error)
{
	if (graph->status != OK) {
		return error_set(error, graph->status, "%s", graph->error.text);
	}
	enum status status = E_MEMORY;
	struct draft *draft = calloc(graph->nodes, sizeof *draft);
	size_t *origin = calloc(graph->nodes, sizeof *origin);
	if (draft == NULL || origin == NULL || !allocate_tables(plan, graph)) {
		error_set(error, E_MEMORY, "out of memory for the model's plan");
		goto out;
	}
	for (size_t i = 0; i < graph->nodes; i++) {
		draft[i].node = graph->node[i];
	}
	status = check(graph, draft, root, output, error);
	if (status != OK) {
		goto out;
	}
	find_needs(draft, graph->nodes, root, output);
	fuse_affine(draft, graph->nodes, output);
	find_needs(draft, graph->nodes, root, output);
	find_coefficients(draft, root);
	find_places(plan, draft, graph->nodes);
	make_tables(plan, graph, draft, origin);
	plan->n = graph->n;
	plan->root = draft[root].scalar;
	if (output != NODE_NONE) {
		plan->output_place = draft[output].value;
		plan->output_width = shape_size(&draft[output].node.shape);
	}
	status = make_buffers(plan, graph, draft, error);
out:
	free(origin);
	free(draft);
	return status;
}
