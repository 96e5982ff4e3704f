/*
 * From a draft to the layout of a plan: give every value and gradient a place, fill the tables that run.c runs.
 */
#include "core/graph/layout.h"

#include <stdlib.h>
#include <string.h>

#include "core/graph/blocks.h"
#include "core/graph/draft.h"

/* Whether the value of node i may lie over that of its first input. */
static bool runs_in_place(const struct draft_node *draft, size_t i)
{
	const struct graph_op *op = draft[i].node.op;
	const struct draft_node *input = &draft[draft[i].node.input[0]];
	return op->in_place && draft_is(input, OP_ROWS) && input->uses == 1 && !(op->reverse_reads & READS_IN_0) &&
	       !(input->node.op->reverse_reads & READS_OUT);
}

/* Gives every live node its places. */
static void find_places(struct plan *plan, struct draft *from)
{
	struct draft_node *draft = from->node;
	plan->values = plan->gradients = plan->scalars_room = 1;
	for (size_t i = 0; i < from->nodes; i++) {
		const struct graph_node *node = &draft[i].node;
		if (!draft_alive(&draft[i]) && node->kind != NODE_PARAMETER) {
			continue;
		}
		if (node->kind == NODE_OPERATION && node->op->kind != OP_ROWS) {
			draft[i].scalar = plan->scalars_room++;
		} else if (draft_is(&draft[i], OP_ROWS) && runs_in_place(draft, i)) {
			draft[i].value = draft[node->input[0]].value;
		} else {
			draft[i].value = plan->values++;
		}
	}
	for (size_t i = from->nodes; i-- > 0;) {
		const struct draft_node *reader = &draft[draft[i].reader];
		if (draft[i].node.kind == NODE_PARAMETER) {
			draft[i].gradient = plan->gradients++;
		} else if (draft_is(&draft[i], OP_ROWS) && draft[i].for_root && draft[i].wanted) {
			bool over = draft[i].uses == 1 && draft_is(reader, OP_ROWS) && reader->node.op->in_place &&
				    reader->node.input[0] == i;
			draft[i].gradient = over ? reader->gradient : plan->gradients++;
		}
	}
}

static void make_step(struct plan *plan, const struct draft_node *draft, size_t i)
{
	struct plan_step *step = &plan->step[plan->steps++];
	const struct graph_op *op = draft[i].node.op;
	step->op = op;
	step->forward = op->forward[plan->numbers];
	plan->lacks = step->forward == NULL ? op->name : plan->lacks;
	memcpy(step->attribute, draft[i].node.attribute, sizeof step->attribute);
	step->out = draft[i].value;
	plan->couples |= op->couples;
	plan->grouped |= op->couples && op->kind == OP_MEAN;
	step->shape[GRAPH_ARITY] = draft[i].node.shape;
	step->d_out = draft[i].gradient;
	if (op->kind == OP_ROWS && draft[i].gradient != 0) {
		step->reverse = op->reverse[plan->numbers];
		plan->lacks = step->reverse == NULL ? op->name : plan->lacks;
	}
	if (op->kind == OP_MEAN) {
		step->coefficient = draft[i].coefficient;
		step->scalar = draft[i].scalar;
		step->sum = plan->means++;
	}
	for (size_t k = 0; k < op->arity; k++) {
		const struct draft_node *input = &draft[draft[i].node.input[k]];
		step->in[k] = input->value;
		step->shape[k] = input->node.shape;
		step->parameter[k] = input->node.kind == NODE_PARAMETER;
		step->features |= k == 0 && input->node.kind == NODE_FEATURES;
		step->d_in[k] = draft[i].for_root && input->wanted ? input->gradient : 0;
	}
	step->memory.in_duals = plan->numbers == NUMBERS_DUAL;
	if (op->memory != NULL && !op->memory(step->shape, step->attribute, &step->memory)) {
		step->memory.kept = SIZE_MAX; /* does not fit, which blocks_choose finds */
	}
}

/* Steps are reversed from the last to the first: the first to contribute to a gradient writes it. */
static void find_contributions(struct plan *plan, struct draft_node *draft, const size_t *origin)
{
	for (size_t s = plan->steps; s-- > 0;) {
		struct plan_step *step = &plan->step[s];
		bool runs = step->reverse != NULL || step->op->kind == OP_MEAN;
		for (size_t k = 0; runs && k < step->op->arity; k++) {
			struct draft_node *input = &draft[draft[origin[s]].node.input[k]];
			if (step->d_in[k] != 0) {
				step->accumulate[k] = input->written;
				input->written = true;
			}
		}
	}
}

static void make_parameters(struct plan *plan, const struct graph *graph, const struct draft *draft)
{
	for (size_t p = 0; p < graph->parameters; p++) {
		const struct graph_parameter *from = &graph->parameter[p];
		const struct draft_node *node = &draft->node[draft->of[from->node]];
		plan->parameter[p] = (struct plan_parameter){
			.offset = from->tensor.offset,
			.size = from->tensor.size,
			.value = node->value,
			.gradient = node->gradient,
			.untouched = !node->written,
			.buffer = from->buffer,
		};
	}
	plan->parameters = graph->parameters;
}

static void make_penalty(struct plan *plan, const struct graph *graph, struct draft_node *draft, size_t i)
{
	struct draft_node *parameter = &draft[draft[i].node.input[0]];
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
	plan->lacks = draft[i].node.op->reverse[plan->numbers] == NULL ? draft[i].node.op->name : plan->lacks;
}

static void make_scalar(struct plan *plan, const struct draft_node *draft, size_t i)
{
	struct plan_scalar *scalar = &plan->scalar[plan->scalars++];
	*scalar = (struct plan_scalar){
		.op = draft[i].node.op,
		.out = draft[i].scalar,
		.attribute = draft[i].node.attribute[0],
	};
	for (size_t k = 0; k < draft_arity(&draft[i]); k++) {
		scalar->in[k] = draft[draft[i].node.input[k]].scalar;
	}
}

static void make_data(struct plan *plan, const struct draft_node *draft)
{
	const struct shape *shape = &draft->node.shape;
	switch (draft->node.kind) {
	case NODE_FEATURES:
		plan->features = shape_size(shape);
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
static void make_tables(struct plan *plan, const struct graph *graph, struct draft *from, size_t *origin)
{
	struct draft_node *draft = from->node;
	for (size_t i = 0; i < from->nodes; i++) {
		if (!draft_alive(&draft[i])) {
			continue;
		}
		make_data(plan, &draft[i]);
		if (draft_is(&draft[i], OP_ROWS) || draft_is(&draft[i], OP_MEAN)) {
			if (draft[i].for_output) {
				plan->predict_step[plan->predict_steps++] = plan->steps;
			}
			origin[plan->steps] = i;
			make_step(plan, draft, i);
		}
	}
	find_contributions(plan, draft, origin);
	for (size_t i = 0; i < from->nodes; i++) {
		if (draft_alive(&draft[i]) && draft[i].node.kind == NODE_OPERATION) {
			if (draft[i].node.op->kind == OP_SUM) {
				make_penalty(plan, graph, draft, i);
			} else if (draft[i].node.op->kind == OP_SCALAR) {
				make_scalar(plan, draft, i);
			}
		}
	}
	make_parameters(plan, graph, from);
}

static bool allocate_tables(struct plan *plan, size_t nodes)
{
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

/* The buffers of rows: the place and the width of each value and gradient that is not a leaf's. */
static enum status make_buffers(struct plan *plan, const struct draft *from, struct error *error)
{
	const struct draft_node *draft = from->node;
	struct blocks blocks = { .plan = plan };
	for (size_t i = 0; i < from->nodes; i++) {
		if (draft_is(&draft[i], OP_ROWS) && draft_alive(&draft[i])) {
			size_t width = shape_size(&draft[i].node.shape);
			const struct draft_node *input = &draft[draft[i].node.input[0]];
			if (!draft_is(input, OP_ROWS) || input->value != draft[i].value) {
				blocks_add_value(&blocks, draft[i].value, width);
			}
			const struct draft_node *reader = &draft[draft[i].reader];
			if (draft[i].gradient != 0 && !(draft[i].uses > 0 && reader->gradient == draft[i].gradient)) {
				blocks_add_gradient(&blocks, draft[i].gradient, width);
			}
		}
	}
	return blocks_choose(&blocks, error);
}

enum status plan_layout(struct plan *plan, const struct graph *graph, size_t root, size_t output, struct error *error)
{
	struct draft draft;
	size_t *origin = NULL;
	enum status status = draft_make(&draft, graph, root, output, error);
	if (status != OK) {
		goto out;
	}
	origin = calloc(draft.nodes, sizeof *origin);
	if (origin == NULL || !allocate_tables(plan, draft.nodes)) {
		status = error_set(error, E_MEMORY, "out of memory for the model's plan");
		goto out;
	}
	find_places(plan, &draft);
	make_tables(plan, graph, &draft, origin);
	if (plan->lacks != NULL) {
		status = error_set(error, E_UNSUPPORTED, "%s has no products with the Hessian", plan->lacks);
		goto out;
	}
	plan->n = graph->n - graph->buffers;
	plan->buffers = graph->buffers;
	plan->whole_rows = plan->couples ? graph->rows : 0;
	plan->root = draft.node[draft.root].scalar;
	if (output != NODE_NONE) {
		plan->output_place = draft.node[draft.output].value;
		plan->output_width = shape_size(&draft.node[draft.output].node.shape);
	}
	status = make_buffers(plan, &draft, error);
out:
	free(origin);
	draft_free(&draft);
	return status;
}
