#include "core/graph/draft.h"

#include <stdlib.h>

#include "core/base/size.h"
#include "core/graph/op.h"
#include "core/graph/ops/ops.h"

bool draft_alive(const struct draft_node *node)
{
	return node->for_root || node->for_output;
}

bool draft_is(const struct draft_node *node, int op_kind)
{
	return node->node.kind == NODE_OPERATION && (int)node->node.op->kind == op_kind;
}

size_t draft_arity(const struct draft_node *node)
{
	return node->node.kind == NODE_OPERATION ? node->node.op->arity : 0;
}

void draft_free(struct draft *draft)
{
	free(draft->node);
	free(draft->of);
}

static size_t readers(const struct graph *graph, size_t id)
{
	size_t count = 0;
	for (size_t i = id + 1; i < graph->nodes; i++) {
		const struct graph_node *node = &graph->node[i];
		for (size_t k = 0; node->kind == NODE_OPERATION && k < node->op->arity; k++) {
			count += node->input[k] == id;
		}
	}
	return count;
}

static void copy_node(struct draft *draft, const struct graph *graph, size_t i)
{
	struct draft_node copy = { .node = graph->node[i] };
	for (size_t k = 0; k < draft_arity(&copy); k++) {
		copy.node.input[k] = draft->of[copy.node.input[k]];
	}
	/* A mean writes its gradient while going forward: it must be the only reader of what it writes to. */
	if (draft_is(&copy, OP_MEAN) && readers(graph, graph->node[i].input[0]) > 1) {
		struct graph_node between = { .kind = NODE_OPERATION, .op = &op_identity };
		between.input[0] = copy.node.input[0];
		between.shape = draft->node[between.input[0]].node.shape;
		copy.node.input[0] = draft->nodes;
		draft->node[draft->nodes++] = (struct draft_node){ .node = between };
	}
	draft->of[i] = draft->nodes;
	draft->node[draft->nodes++] = copy;
}

/* add_bias(matmul(X, W), b) becomes affine(X, W, b) where nobody else reads the product. */
static void fuse_affine(struct draft *draft)
{
	for (size_t i = 0; i < draft->nodes; i++) {
		struct graph_node *node = &draft->node[i].node;
		if (node->kind != NODE_OPERATION || node->op != &op_add_bias) {
			continue;
		}
		size_t product = node->input[0];
		const struct graph_node *inner = &draft->node[product].node;
		if (inner->kind == NODE_OPERATION && inner->op == &op_matmul && draft->node[product].uses == 1 &&
		    product != draft->output) {
			node->op = &op_affine;
			node->input[2] = node->input[1];
			node->input[0] = inner->input[0];
			node->input[1] = inner->input[1];
		}
	}
}

/* What the root and the output need, how often it is read, and whether a parameter lies behind it. */
static void find_needs(struct draft *draft)
{
	struct draft_node *node = draft->node;
	for (size_t i = 0; i < draft->nodes; i++) {
		node[i].for_root = i == draft->root;
		node[i].for_output = i == draft->output;
		node[i].uses = 0;
	}
	for (size_t i = draft->nodes; i-- > 0;) {
		for (size_t k = 0; draft_alive(&node[i]) && k < draft_arity(&node[i]); k++) {
			struct draft_node *input = &node[node[i].node.input[k]];
			input->for_root |= node[i].for_root;
			input->for_output |= node[i].for_output;
			if (input->uses++ == 0) {
				input->reader = i;
			}
		}
	}
	for (size_t i = 0; i < draft->nodes; i++) {
		node[i].wanted = node[i].node.kind == NODE_PARAMETER && !node[i].node.frozen;
		for (size_t k = 0; k < draft_arity(&node[i]); k++) {
			node[i].wanted |= node[node[i].node.input[k]].wanted;
		}
	}
}

/* d(root) / d(node) of every scalar: known before anything runs, since scalar operations are linear. */
static void find_coefficients(struct draft *draft)
{
	struct draft_node *node = draft->node;
	node[draft->root].coefficient = 1;
	for (size_t i = draft->root + 1; i-- > 0;) {
		double d_in[GRAPH_ARITY];
		if (!node[i].for_root || !draft_is(&node[i], OP_SCALAR)) {
			continue;
		}
		node[i].node.op->scalar_reverse(node[i].coefficient, node[i].node.attribute[0], d_in);
		for (size_t k = 0; k < draft_arity(&node[i]); k++) {
			node[node[i].node.input[k]].coefficient += d_in[k];
		}
	}
}

/* What this plan cannot run. */
static enum status check(const struct draft *draft, struct error *error)
{
	const struct draft_node *node = draft->node;
	const struct shape *shape = &node[draft->root].node.shape;
	char text[128];
	if (node[draft->root].node.kind != NODE_OPERATION || shape->rowed || shape->rank != 0) {
		return error_set(error, E_INVALID, "the objective must be a scalar, not %s", shape_text(shape, text));
	}
	if (draft->output != NODE_NONE && !draft_is(&node[draft->output], OP_ROWS)) {
		return error_set(error, E_UNSUPPORTED, "the outputs must be computed from rows");
	}
	for (size_t i = 0; i < draft->nodes; i++) {
		for (size_t k = 0; k < draft_arity(&node[i]); k++) {
			const struct draft_node *input = &node[node[i].node.input[k]];
			bool scalar = input->node.kind == NODE_OPERATION && !draft_is(input, OP_ROWS);
			if (scalar != draft_is(&node[i], OP_SCALAR)) {
				return error_set(error, E_UNSUPPORTED, "%s of a value computed from parameters",
						 node[i].node.op->name);
			}
			if (draft_is(&node[i], OP_MEAN) && k > 0 && input->wanted) {
				return error_set(error, E_UNSUPPORTED, "%s with a target that depends on parameters",
						 node[i].node.op->name);
			}
		}
	}
	return OK;
}

enum status draft_make(struct draft *draft, const struct graph *graph, size_t root, size_t output, struct error *error)
{
	size_t most;
	*draft = (struct draft){ .nodes = 0 };
	if (graph->status != OK) {
		return error_set(error, graph->status, "%s", graph->error.text);
	}
	if (size_multiply(graph->nodes, 2, &most)) {
		draft->node = calloc(most + 1, sizeof *draft->node);
		draft->of = calloc(most + 1, sizeof *draft->of);
	}
	if (draft->node == NULL || draft->of == NULL) {
		return error_set(error, E_MEMORY, "out of memory for the model's plan");
	}
	for (size_t i = 0; i < graph->nodes; i++) {
		copy_node(draft, graph, i);
	}
	draft->root = draft->of[root];
	draft->output = output == NODE_NONE ? NODE_NONE : draft->of[output];
	find_needs(draft);
	enum status status = check(draft, error);
	if (status == OK) {
		fuse_affine(draft);
		find_needs(draft);
		find_coefficients(draft);
	}
	return status;
}
