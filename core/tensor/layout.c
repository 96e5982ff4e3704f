/*
 * From a tensor graph to the tables of a program: who is needed, what is computed before, over and after the rows,
 * where each value lies.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/size.h"
#include "core/tensor/layout.h"

/* Bytes of a block's rows, values and gradients: they stay in the second-level cache, mostly in the first. */
enum { BLOCK_BYTES = 48 * 1024, BLOCK_ROWS_LEAST = 32, BLOCK_ROWS_MOST = 2048 };
/* Where X itself is multiplied by a vector, a pass is bound by memory, and the next block is asked for meanwhile. */
enum { STREAM_BYTES = 20 * 1024 };
/* Work that is worth waking a thread for, and a lane's price in gradients to add. */
enum { LANE_NANOSECONDS = 30000, LANES_MOST = 16, LANES_BYTES = 16 * 1024 * 1024 };

static bool is_crossing(const struct tensor_node *node)
{
	return node->op == TENSOR_SUM_ROWS || node->op == TENSOR_MEAN_ROWS || node->op == TENSOR_WEIGHT_ROWS;
}

static bool is_leaf(const struct tensor_node *node)
{
	return tensor_arity(node->op) == 0;
}

/* Nothing flows back through it, not even a 0, which would make NaN of what is infinite behind it. */
static bool is_flat(enum tensor_op op)
{
	return op == TENSOR_less || op == TENSOR_less_equal || op == TENSOR_sign;
}

static void find_needs(struct layout *layout)
{
	const struct tensor_graph *graph = layout->graph;
	struct sort *sort = layout->sort;
	for (size_t i = graph->nodes; i-- > 0;) {
		sort[i].root |= i == layout->program->root;
		sort[i].flows |= i == layout->program->root;
		sort[i].output |= i == layout->program->output;
		sort[i].weighs |= sort[i].root && graph->node[i].op == TENSOR_WEIGHT_ROWS;
		layout->program->weighs |= sort[i].weighs;
		for (size_t k = 0; k < tensor_arity(graph->node[i].op); k++) {
			sort[graph->node[i].input[k]].root |= sort[i].root;
			sort[graph->node[i].input[k]].output |= sort[i].output;
			sort[graph->node[i].input[k]].weighs |= sort[i].weighs;
			sort[graph->node[i].input[k]].flows |= sort[i].flows && !is_flat(graph->node[i].op);
		}
	}
}

static unsigned largest(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

/* Degree of a plain value in the sums over rows that it is computed of; mean weights are known before. */
static unsigned degree_of(const struct tensor_node *node, const struct sort *sort)
{
	unsigned degree[3] = { 0 };
	for (size_t k = 0; k < tensor_arity(node->op); k++) {
		degree[k] = sort[node->input[k]].degree;
	}
	/* clang-format off */
	switch ((int)node->op) {
	case TENSOR_SUM_ROWS: case TENSOR_MEAN_ROWS:
		return 1;
	case TENSOR_WEIGHT_ROWS:
		return 0;
	case TENSOR_add: case TENSOR_sub: case TENSOR_neg: case TENSOR_sum: case TENSOR_slice: case TENSOR_concat:
	case TENSOR_transpose: case TENSOR_trace: case TENSOR_reshape: case TENSOR_stride:
		return largest(degree[0], degree[1]);
	case TENSOR_mul: case TENSOR_matmul:
		return degree[0] + degree[1] > 1 ? 2 : degree[0] + degree[1];
	case TENSOR_div:
		return degree[1] == 0 ? degree[0] : 2;
	case TENSOR_where:
		return degree[0] == 0 ? largest(degree[1], degree[2]) : 2;
	default:
		return degree[0] + degree[1] + degree[2] == 0 ? 0 : 2;
	}
	/* clang-format on */
}

static void couple(struct program *program, const char *format, const char *name)
{
	if (!program->coupled) {
		program->coupled = true;
		/* Every format is one of the literals below, with one %s. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(program->reason, sizeof program->reason, format, name);
#pragma GCC diagnostic pop
	}
}

/* Sorts the nodes, and finds out whether rows can be taken apart. */
static void find_sorts(struct layout *layout)
{
	struct program *program = layout->program;
	for (size_t i = 0; i < layout->graph->nodes; i++) {
		const struct tensor_node *node = &layout->graph->node[i];
		struct sort *sort = &layout->sort[i];
		sort->step = UINT32_MAX;
		sort->base = layout_is_view(layout->graph, i, &sort->from) ? layout->sort[node->input[0]].base : i;
		sort->wanted = node->op == TENSOR_PARAMETER;
		sort->late = is_crossing(node);
		for (size_t k = 0; k < tensor_arity(node->op); k++) {
			const struct sort *input = &layout->sort[node->input[k]];
			sort->wanted |= input->wanted;
			sort->late |= input->late;
		}
		sort->wanted &= node->op == TENSOR_PARAMETER || (sort->flows && !is_flat(node->op));
		sort->degree = node->shape.rowed ? 0 : degree_of(node, layout->sort);
		if (!sort->root && !sort->output) {
			continue;
		}
		program->rowed |= node->shape.rowed;
		if (node->shape.rowed && sort->late) {
			couple(program, "each row needs a sum or mean over all rows (%s)", tensor_op_name(node->op));
		} else if (node->op == TENSOR_stack) {
			program->whole_rows = node->shape.extent[0];
			couple(program, "%s", layout->graph->pairs);
		} else if (node->whole) {
			couple(program, "%s is taken over all rows at once", tensor_op_name(node->op));
		} else if (sort->degree == 2) {
			couple(program, "%s is taken of a sum or mean over rows", tensor_op_name(node->op));
		}
	}
}

static enum status check(struct layout *layout, struct error *error)
{
	struct program *program = layout->program;
	const struct tensor_node *node = layout->graph->node;
	char text[64];
	if (program->root != NODE_NONE && (node[program->root].shape.rowed || node[program->root].shape.rank != 0)) {
		return error_set(error, E_INVALID, "the result is %s, not a number",
				 tensor_shape_text(&node[program->root].shape, text));
	}
	if (program->output == NODE_NONE) {
		return OK;
	}
	const struct shape *shape = &node[program->output].shape;
	if (!shape->rowed || shape->rank > 1) {
		return error_set(error, E_INVALID, "the prediction is %s, not one for each row",
				 tensor_shape_text(shape, text));
	}
	for (size_t i = 0; i < layout->graph->nodes; i++) {
		if (layout->sort[i].output && (layout->sort[i].late || node[i].whole)) {
			return error_set(error, E_UNSUPPORTED, "a row's prediction depends on the other rows: %s",
					 program->reason);
		}
		if (layout->sort[i].output && node[i].op == TENSOR_TARGET && !layout->graph->scores) {
			return error_set(error, E_INVALID, "the prediction reads the target");
		}
	}
	return OK;
}

static void add(struct layout *layout, size_t *to, size_t size)
{
	layout->overflow |= !size_add(*to, size, to);
}

/* A plain value that has no gradient, being made of constants alone or of rows that are stacked, or whose gradient lies
 * elsewhere. */
static bool has_no_gradient(const struct layout *layout, size_t i)
{
	const struct tensor_node *node = &layout->graph->node[i];
	const bool stored = !node->shape.rowed && layout->program->strip_value[i] == UINT32_MAX;
	const bool data = layout->program->whole_rows > 0 && !layout->sort[i].wanted;
	return node->op == TENSOR_CONSTANT ||
	       (stored && (node->constant || data || layout->program->strip_gradient[i] != UINT32_MAX));
}

/* Where plain values lie, those without a gradient last, and leaves over rows. What lives in a strip alone lies
 * nowhere; a view lies in what it shows. */
static void find_places(struct layout *layout)
{
	struct program *program = layout->program;
	const struct tensor_graph *graph = layout->graph;
	program->plain_size = program->n;
	for (size_t i = 0; i < graph->nodes; i++) {
		const struct tensor_node *node = &graph->node[i];
		const struct sort *sort = &layout->sort[i];
		bool alive = sort->root || sort->output;
		size_t size = shape_size(&node->shape);
		program->place[i] = PLACE_NONE;
		if (node->op == TENSOR_PARAMETER) {
			program->place[i] = PLACE_PLAIN;
			program->offset[i] = node->at[0];
		} else if (!alive || has_no_gradient(layout, i) || program->strip_value[i] != UINT32_MAX) {
			continue;
		} else if (sort->base != i) {
			program->place[i] = PLACE_PLAIN;
			program->offset[i] = program->offset[node->input[0]] + sort->from;
		} else if (node->op == TENSOR_FEATURES || node->op == TENSOR_TARGET || node->op == TENSOR_COLUMN) {
			program->place[i] = node->op == TENSOR_FEATURES ? PLACE_FEATURES
					    : node->op == TENSOR_TARGET ? PLACE_TARGET
									: PLACE_ROWS;
			program->offset[i] = program->row_numbers; /* room to gather in */
			add(layout, &program->row_numbers, size);
		} else if (node->shape.rowed) {
			program->place[i] = PLACE_ROWS;
		} else {
			program->place[i] = PLACE_PLAIN;
			program->offset[i] = program->plain_size;
			add(layout, &program->plain_size, size);
		}
		add(layout, &program->row_work, !node->shape.rowed ? 0 : sort->root && sort->wanted ? 2 * size : size);
	}
	program->plain_gradient_size = program->plain_size;
	for (size_t i = 0; i < graph->nodes; i++) {
		if (!has_no_gradient(layout, i) || (!layout->sort[i].root && !layout->sort[i].output)) {
			continue;
		}
		program->place[i] = PLACE_PLAIN;
		program->offset[i] = program->plain_size;
		if (layout->sort[i].base != i) { /* a view of what lies before it */
			program->offset[i] = program->offset[graph->node[i].input[0]] + layout->sort[i].from;
		} else {
			add(layout, &program->plain_size, shape_size(&graph->node[i].shape));
		}
	}
}

static bool make_step(struct layout *layout, size_t i, struct step *step)
{
	struct program *program = layout->program;
	const struct tensor_node *node = &layout->graph->node[i];
	*step = (struct step){
		.op = (uint16_t)node->op,
		.form = layout_form(layout, node),
		.whole = node->whole,
		.out = (unsigned)i,
		.for_output = layout->sort[i].output,
		.weighs = layout->sort[i].weighs,
		.wanted = layout->sort[i].root && layout->sort[i].wanted,
	};
	if (step->form == NULL) {
		return false;
	}
	step->scalar = tensor_is_element(node->op) && !node->shape.rowed && shape_size(&node->shape) == 1;
	step->streams = (node->op == TENSOR_matmul || node->op == TENSOR_affine) && node->shape.rank == 0 &&
			layout->graph->node[node->input[0]].op == TENSOR_FEATURES;
	program->ahead |= step->streams && step->wanted && !program->dual;
	for (size_t k = 0; k < tensor_arity(node->op); k++) {
		step->in[k] = (unsigned)node->input[k];
		step->wants |= (unsigned char)(layout->sort[node->input[k]].wanted ? 1u << k : 0);
	}
	const struct walk *walk = &step->form->walk;
	/* One loop over all rows, from 8 rows on or not: what is written forward is what is read backward. */
	bool two = node->op == TENSOR_logistic || node->op == TENSOR_margin;
	bool keeps = (node->op == TENSOR_softplus || two) && node->shape.rowed && !program->coupled && !program->dual &&
		     step->wanted && (step->wants & 1) != 0 && walk->dims == 1 && walk->stride[0][0] == 1 &&
		     (!two || walk->stride[1][0] == 1);
	step->kept = keeps ? 0 : SIZE_MAX; /* placed later */
	if (keeps) {
		add(layout, &program->row_work, shape_size(&node->shape));
	}
	if (is_crossing(node)) {
		step->sum = (unsigned)program->sums;
		add(layout, &program->sums, shape_size(&node->shape));
	}
	return true;
}

/* 0: constants, computed once; 1: before the rows (all, where rows are coupled); 2: rows; 3: after them. */
static int phase_of(const struct layout *layout, size_t i)
{
	const struct tensor_node *node = &layout->graph->node[i];
	if (is_leaf(node) && node->op != TENSOR_COLUMN) {
		return -1;
	}
	if ((!layout->sort[i].root && !layout->sort[i].output) || node->op == TENSOR_COLUMN ||
	    layout->sort[i].base != i) {
		return -1;
	}
	if (node->constant) {
		return 0;
	}
	if (layout->program->coupled) {
		return 1;
	}
	return node->shape.rowed || is_crossing(node) ? 2 : layout->sort[i].late ? 3 : 1;
}

static bool make_steps(struct layout *layout)
{
	struct program *program = layout->program;
	const struct tensor_graph *graph = layout->graph;
	size_t *counts[4] = { &program->constants, &program->before, &program->middle, &program->after };
	size_t made = 0;
	program->step = calloc(graph->nodes + 1, sizeof *program->step);
	program->boundary = calloc(graph->nodes + 1, sizeof *program->boundary);
	program->leaf = calloc(graph->nodes + 1, sizeof *program->leaf);
	if (program->step == NULL || program->boundary == NULL || program->leaf == NULL) {
		return false;
	}
	for (size_t i = 0; i < graph->nodes; i++) {
		layout->sort[i].phase = (signed char)phase_of(layout, i);
	}
	for (int phase = 0; phase < 4; phase++) {
		for (size_t i = 0; i < graph->nodes; i++) {
			if (layout->sort[i].phase == phase) {
				if (!make_step(layout, i, &program->step[made])) {
					return false;
				}
				program->step[made].tick = (unsigned)made;
				layout->sort[i].step = (unsigned)made++;
				++*counts[phase];
			}
		}
	}
	return true;
}

/* What is known once values have their places. */
static void find_bounds(struct layout *layout)
{
	struct program *program = layout->program;
	const struct tensor_graph *graph = layout->graph;
	for (size_t s = 0; s < program->constants + program->before + program->middle + program->after; s++) {
		struct step *step = &program->step[s];
		for (size_t k = 0; k < tensor_arity(step->op); k++) {
			step->at[k] = (unsigned)program->offset[step->in[k]];
		}
		step->at[3] = (unsigned)program->offset[step->out];
	}
	for (size_t i = 0; i < graph->nodes; i++) {
		if (!layout->sort[i].root && !layout->sort[i].output) {
			continue;
		}
		if (program->place[i] == PLACE_PLAIN && program->wanted[i]) {
			program->boundary[program->boundaries++] = (unsigned)i;
		}
		if (graph->node[i].op == TENSOR_COLUMN || program->place[i] == PLACE_FEATURES ||
		    program->place[i] == PLACE_TARGET) {
			const size_t at = layout->sort[i].weighs ? program->weight_leaves++ : program->leaves;
			program->leaf[program->leaves++] = program->leaf[at];
			program->leaf[at] = (unsigned)i;
			program->column[i] = graph->node[i].op == TENSOR_COLUMN ? graph->node[i].at[0] : SIZE_MAX;
		}
	}
}

/* Nanoseconds of a row, roughly: two a number, and 10 products with a matrix each. */
static size_t row_nanoseconds(const struct program *program)
{
	size_t products = 0;
	for (size_t s = program->constants; s < program->constants + program->before + program->middle; s++) {
		if (program->step[s].op == TENSOR_matmul || program->step[s].op == TENSOR_affine) {
			products += shape_size(&program->step[s].form->shape[1]);
		}
	}
	return 2 * program->row_work + products / 10 + 1;
}

static void choose_rows(struct layout *layout)
{
	struct program *program = layout->program;
	size_t row_bytes = 0, lane_bytes = 0;
	layout->overflow |= !size_multiply(program->row_numbers + 1, program->element, &row_bytes) ||
			    !size_multiply(program->plain_gradient_size + 1, program->element, &lane_bytes);
	program->lanes = 1;
	if (program->coupled || !program->rowed) {
		program->block_rows = program->rowed ? program->most_rows : 0;
		return;
	}
	size_t bytes = program->ahead ? STREAM_BYTES : BLOCK_BYTES;
	size_t rows = row_bytes == 0 ? BLOCK_ROWS_MOST : bytes / row_bytes / BLOCK_UNIT * BLOCK_UNIT;
	rows = rows < BLOCK_ROWS_LEAST ? BLOCK_ROWS_LEAST : rows > BLOCK_ROWS_MOST ? BLOCK_ROWS_MOST : rows;
	program->block_rows = rows;
	program->lanes = LANES_MOST;
	while (program->lanes > 2 && lane_bytes > (size_t)LANES_BYTES / program->lanes) {
		program->lanes /= 2;
	}
	program->lane_rows = (LANE_NANOSECONDS + lane_bytes) / row_nanoseconds(program) + 1;
}

static enum status arrange(struct layout *layout)
{
	struct program *program = layout->program;
	for (size_t i = 0; i < layout->graph->nodes; i++) {
		program->wanted[i] = layout->sort[i].wanted;
		program->strip_value[i] = program->strip_gradient[i] = UINT32_MAX;
	}
	if (!make_steps(layout) || !layout_find_runs(layout)) {
		return E_MEMORY;
	}
	find_places(layout);
	layout->overflow |= program->plain_size > UINT32_MAX || program->sums > UINT32_MAX;
	if (layout->overflow) {
		return E_TOO_LARGE;
	}
	if (!layout_place_rows(layout)) {
		return layout->overflow ? E_TOO_LARGE : E_MEMORY;
	}
	find_bounds(layout);
	choose_rows(layout);
	return layout->overflow ? E_TOO_LARGE : OK;
}

enum status program_layout(struct program *program, const struct tensor_graph *graph, struct error *error)
{
	struct layout layout = { .program = program, .graph = graph };
	if (graph->status != OK) {
		return error_set(error, graph->status, "%s", graph->error.text);
	}
	layout.sort = calloc(graph->nodes + 1, sizeof *layout.sort);
	program->place = calloc(graph->nodes + 1, sizeof *program->place);
	program->offset = calloc(graph->nodes + 1, sizeof *program->offset);
	program->row_gradient = calloc(graph->nodes + 1, sizeof *program->row_gradient);
	program->column = calloc(graph->nodes + 1, sizeof *program->column);
	program->wanted = calloc(graph->nodes + 1, sizeof *program->wanted);
	program->strip_value = malloc((graph->nodes + 1) * sizeof *program->strip_value);
	program->strip_gradient = malloc((graph->nodes + 1) * sizeof *program->strip_gradient);
	enum status status = OK;
	if (layout.sort == NULL || program->place == NULL || program->offset == NULL || program->column == NULL ||
	    program->row_gradient == NULL || program->wanted == NULL || program->strip_value == NULL ||
	    program->strip_gradient == NULL) {
		status = E_MEMORY;
	}
	if (status == OK) {
		find_needs(&layout);
		find_sorts(&layout);
		status = check(&layout, error);
	}
	if (status == OK) {
		status = arrange(&layout);
	}
	free(layout.sort);
	if (status == E_TOO_LARGE && program->plain_size > UINT32_MAX) {
		const double gigabyte = 1e-9 * (double)program->element;
		return error_set(error, status,
				 "the expression needs %.3g GB for its values, and more than %.3g GB are never taken",
				 (double)program->plain_size * gigabyte, UINT32_MAX * gigabyte);
	}
	if (status == E_TOO_LARGE) {
		return error_set(error, status, "the expression needs more memory than any machine has");
	}
	return status == E_MEMORY ? error_set(error, status, "out of memory for the expression") : status;
}
