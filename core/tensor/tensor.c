#include "core/tensor/tensor.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"
#include "core/tensor/rules.h"

enum { BUCKETS_LEAST = 64 };

static const char *const names[TENSOR_OPS] = { [TENSOR_CONSTANT] = "constant",
					       [TENSOR_PARAMETER] = "parameter",
					       [TENSOR_FEATURES] = "X",
					       [TENSOR_COLUMN] = "column",
					       [TENSOR_TARGET] = "y",
#define ENTRY(name, arity, value, da, db, dc) [TENSOR_##name] = #name,
					       ELEMENTS(ENTRY)
#undef ENTRY
#define ENTRY(name, text, arity, rule, stem) [TENSOR_##name] = text,
						       TENSOR_OPERATIONS(ENTRY)
#undef ENTRY
};

const unsigned char tensor_arities[TENSOR_OPS] = {
#define ENTRY(name, arity, value, da, db, dc) [TENSOR_##name] = arity,
	ELEMENTS(ENTRY)
#undef ENTRY
#define ENTRY(name, text, arity, rule, stem) [TENSOR_##name] = arity,
		TENSOR_OPERATIONS(ENTRY)
#undef ENTRY
};

const char *tensor_op_name(enum tensor_op op)
{
	/* clang-format off */
	switch ((int)op) {
	case TENSOR_add: return "+";
	case TENSOR_sub: case TENSOR_neg: return "-";
	case TENSOR_mul: return "*";
	case TENSOR_div: return "/";
	case TENSOR_power: case TENSOR_square: case TENSOR_cube: return "**";
	case TENSOR_root: return "sqrt";
	case TENSOR_raised: return "maximum";
	case TENSOR_less: return "<";
	case TENSOR_less_equal: return "<=";
	default: return names[op];
	}
	/* clang-format on */
}

const char *tensor_shape_text(const struct shape *shape, char text[64])
{
	if (!shape->rowed && shape->rank == 0) {
		return "a number";
	}
	size_t used = (size_t)snprintf(text, 64, "[%s", shape->rowed ? "rows" : "");
	for (size_t i = 0; i < shape->rank && i < 2; i++) {
		used += (size_t)snprintf(text + used, 64 - used, "%s%zu", i > 0 || shape->rowed ? ", " : "",
					 shape->extent[i]);
	}
	snprintf(text + used, 64 - used, "]");
	return text;
}

void tensor_graph_init(struct tensor_graph *graph)
{
	*graph = (struct tensor_graph){ .status = OK };
}

void tensor_graph_fini(struct tensor_graph *graph)
{
	free(graph->node);
	free(graph->pool);
	free(graph->parameter);
	free(graph->bucket);
	tensor_graph_init(graph);
}

static size_t fail(struct tensor_graph *graph, enum status status, const char *text)
{
	graph->status = error_set(&graph->error, status, "%s", text);
	return NODE_NONE;
}

/* Makes room for `more` elements behind count; E_MEMORY sticks. */
static bool grow(struct tensor_graph *graph, void **array, size_t count, size_t more, size_t *room, size_t element)
{
	size_t wanted, bytes;
	if (!size_add(count, more, &wanted)) {
		fail(graph, E_TOO_LARGE, "the expression is too large");
		return false;
	}
	if (wanted <= *room) {
		return true;
	}
	wanted = wanted < 2 * *room ? 2 * *room : wanted < 32 ? 32 : wanted;
	void *larger = size_multiply(wanted, element, &bytes) ? realloc(*array, bytes) : NULL;
	if (larger == NULL) {
		fail(graph, E_MEMORY, "out of memory for the expression");
		return false;
	}
	*array = larger;
	*room = wanted;
	return true;
}

/* In the manner of FNV-1a (Fowler, Noll, Vo), over what makes a node what it is, 8 bytes at a time. */
static size_t hash_node(const struct tensor_node *node)
{
	uint64_t hash = 0xcbf29ce484222325u;
	const uint64_t words[] = {
		node->op | (uint64_t)node->whole << 16 | (uint64_t)node->shape.rank << 24 |
			(uint64_t)node->input[2] << 32,
		node->input[0] | (uint64_t)node->input[1] << 32,
		node->at[0] | (uint64_t)node->at[1] << 32,
		node->at[2] | (uint64_t)node->at[3] << 32,
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	return (size_t)hash;
}

static bool node_equal(const struct tensor_node *a, const struct tensor_node *b)
{
	return a->op == b->op && a->whole == b->whole && memcmp(a->input, b->input, sizeof a->input) == 0 &&
	       memcmp(a->at, b->at, sizeof a->at) == 0 && shape_equal(&a->shape, &b->shape);
}

static bool rehash(struct tensor_graph *graph)
{
	size_t buckets = graph->buckets == 0 ? BUCKETS_LEAST : 4 * graph->buckets;
	unsigned *bucket = calloc(buckets, sizeof *bucket);
	if (bucket == NULL) {
		fail(graph, E_MEMORY, "out of memory for the expression");
		return false;
	}
	for (size_t i = 0; i < graph->nodes; i++) {
		size_t h = hash_node(&graph->node[i]) & (buckets - 1);
		while (bucket[h] != 0) {
			h = (h + 1) & (buckets - 1);
		}
		bucket[h] = (unsigned)i + 1;
	}
	free(graph->bucket);
	graph->bucket = bucket;
	graph->buckets = buckets;
	return true;
}

/* Says how large a tensor would be that is too large. */
static size_t too_large(struct tensor_graph *graph, const struct shape *shape)
{
	double bytes = sizeof(double);
	char text[64];
	for (size_t i = 0; i < shape->rank; i++) {
		bytes *= (double)shape->extent[i];
	}
	graph->status = error_set(&graph->error, E_TOO_LARGE,
				  "a tensor of the expression is too large: %s are %.3g GB in double precision",
				  tensor_shape_text(shape, text), bytes * 1e-9);
	return NODE_NONE;
}

/* The node, or the same one that is there already. */
static size_t add_node(struct tensor_graph *graph, const struct tensor_node *node)
{
	size_t size = 1;
	for (size_t i = 0; i < node->shape.rank; i++) {
		if (node->shape.extent[i] > INT32_MAX || !size_multiply(size, node->shape.extent[i], &size)) {
			return too_large(graph, &node->shape);
		}
	}
	if (size > UINT32_MAX || graph->pooled > UINT32_MAX || graph->nodes >= UINT32_MAX) {
		return too_large(graph, &node->shape);
	}
	if (2 * graph->nodes >= graph->buckets && !rehash(graph)) {
		return NODE_NONE;
	}
	size_t h = hash_node(node) & (graph->buckets - 1);
	for (; graph->bucket[h] != 0; h = (h + 1) & (graph->buckets - 1)) {
		if (node_equal(&graph->node[graph->bucket[h] - 1], node)) {
			return graph->bucket[h] - 1;
		}
	}
	if (graph->node_limit != 0 && graph->nodes >= graph->node_limit + graph->parameters) {
		graph->status =
			error_set(&graph->error, E_TOO_LARGE,
				  "the expression has more than %zu operations, columns and numbers, those within "
				  "its functions included: this one is beyond the limit",
				  graph->node_limit);
		return NODE_NONE;
	}
	if (!grow(graph, (void **)&graph->node, graph->nodes, 1, &graph->node_room, sizeof *graph->node)) {
		return NODE_NONE;
	}
	graph->node[graph->nodes] = *node;
	graph->bucket[h] = (unsigned)graph->nodes + 1;
	return graph->nodes++;
}

size_t tensor_array(struct tensor_graph *graph, const struct shape *shape, const double *values)
{
	size_t size = shape_size(shape);
	if (graph->status != OK ||
	    !grow(graph, (void **)&graph->pool, graph->pooled, size, &graph->pool_room, sizeof *graph->pool)) {
		return NODE_NONE;
	}
	struct tensor_node node = {
		.op = TENSOR_CONSTANT, .constant = true, .at = { (unsigned)graph->pooled }, .shape = *shape
	};
	memcpy(graph->pool + graph->pooled, values, size * sizeof *values);
	graph->pooled += size;
	return add_node(graph, &node);
}

size_t tensor_number(struct tensor_graph *graph, double value)
{
	for (size_t i = 0; graph->status == OK && i < graph->pooled; i++) {
		if (memcmp(&graph->pool[i], &value, sizeof value) == 0) {
			return add_node(graph, &(struct tensor_node){ .op = TENSOR_CONSTANT,
								      .constant = true,
								      .at = { (unsigned)i } });
		}
		if (i >= 64) { /* looking further costs more than it saves */
			break;
		}
	}
	return tensor_array(graph, &(struct shape){ .rank = 0 }, &value);
}

size_t tensor_parameter(struct tensor_graph *graph, const char *name, const struct shape *shape)
{
	if (graph->status != OK || !grow(graph, (void **)&graph->parameter, graph->parameters, 1,
					 &graph->parameter_room, sizeof *graph->parameter)) {
		return NODE_NONE;
	}
	struct tensor_node node = { .op = TENSOR_PARAMETER,
				    .at = { (unsigned)graph->n },
				    .input = { (unsigned)graph->parameters },
				    .varies = true,
				    .shape = *shape };
	struct tensor *tensor = &graph->parameter[graph->parameters];
	size_t n, id = add_node(graph, &node);
	*tensor = (struct tensor){ .rank = shape->rank, .shape = { 1 }, .offset = graph->n };
	snprintf(tensor->name, sizeof tensor->name, "%s", name);
	if (shape->rank > 0) {
		memcpy(tensor->shape, shape->extent, shape->rank * sizeof *shape->extent);
	} else {
		tensor->rank = 1;
	}
	tensor->size = shape_size(shape);
	if (!size_add(graph->n, tensor->size, &n) || n > UINT32_MAX) {
		return fail(graph, E_TOO_LARGE, "the model has too many parameters");
	}
	graph->n = n;
	graph->parameters++;
	return id;
}

size_t tensor_features(struct tensor_graph *graph, size_t features)
{
	graph->features = features;
	return graph->status != OK
		       ? NODE_NONE
		       : add_node(graph, &(struct tensor_node){
						 .op = TENSOR_FEATURES,
						 .shape = { .rowed = true, .rank = 1, .extent = { features } } });
}

size_t tensor_column(struct tensor_graph *graph, size_t features, size_t column)
{
	graph->features = features;
	return graph->status != OK ? NODE_NONE
				   : add_node(graph, &(struct tensor_node){ .op = TENSOR_COLUMN,
									    .at = { (unsigned)column },
									    .shape = { .rowed = true } });
}

size_t tensor_target(struct tensor_graph *graph, size_t targets)
{
	graph->targets = targets;
	struct shape shape = { .rowed = true, .rank = targets > 1 ? 1 : 0, .extent = { targets } };
	return graph->status != OK ? NODE_NONE
				   : add_node(graph, &(struct tensor_node){ .op = TENSOR_TARGET, .shape = shape });
}

struct tensor_work tensor_work(const struct tensor_graph *graph)
{
	struct tensor_work work = { 0 };
	for (size_t i = 0; i < graph->nodes; i++) {
		const struct tensor_node *node = &graph->node[i];
		const double size = (double)shape_size(&node->shape);
		if (tensor_arity(node->op) == 0) {
			continue;
		}
		const double read = (double)shape_size(&graph->node[node->input[0]].shape);
		work.operations++;
		work.made += size;
		work.touched += !tensor_is_element(node->op) && read > size ? read : size;
		if (node->op == TENSOR_matmul || node->op == TENSOR_affine) {
			work.products += size * (double)graph->node[node->input[1]].shape.extent[0];
		}
	}
	return work;
}

bool tensor_constant_value(const struct tensor_graph *graph, size_t id, double *value)
{
	if (id == NODE_NONE || graph->node[id].op != TENSOR_CONSTANT || shape_size(&graph->node[id].shape) != 1) {
		return false;
	}
	*value = graph->pool[graph->node[id].at[0]];
	return true;
}

/* An operation on constant scalars is computed here. */
static bool fold(const struct tensor_graph *graph, const struct tensor_node *node, double *value)
{
	double in[3] = { 0, 0, 0 };
	if (!tensor_is_element(node->op) || node->shape.rank != 0 || node->shape.rowed) {
		return false;
	}
	for (size_t k = 0; k < tensor_arity(node->op); k++) {
		if (!tensor_constant_value(graph, node->input[k], &in[k])) {
			return false;
		}
	}
	*value = tensor_element_value(node->op, in);
	return true;
}

static size_t apply(struct tensor_graph *graph, struct tensor_node *node, const struct shape *result)
{
	struct shape in[3] = { 0 };
	if (graph->status != OK) {
		return NODE_NONE;
	}
	node->constant = true;
	for (size_t k = 0; k < tensor_arity(node->op); k++) {
		assert(node->input[k] < graph->nodes);
		in[k] = graph->node[node->input[k]].shape;
		node->constant &= graph->node[node->input[k]].constant;
		node->varies |= graph->node[node->input[k]].varies;
	}
	if (result != NULL) {
		node->shape = *result;
	} else {
		graph->status = tensor_rule(node->op, node->whole, in, &node->shape, &graph->error);
	}
	double value;
	if (graph->status != OK) {
		return NODE_NONE;
	}
	return fold(graph, node, &value) ? tensor_number(graph, value) : add_node(graph, node);
}

size_t tensor_apply(struct tensor_graph *graph, enum tensor_op op, const size_t *input)
{
	struct tensor_node node = { .op = (uint16_t)op };
	for (size_t k = 0; k < tensor_arity(op); k++) {
		node.input[k] = (unsigned)input[k];
	}
	return apply(graph, &node, NULL);
}

size_t tensor_unary(struct tensor_graph *graph, enum tensor_op op, size_t a)
{
	return tensor_apply(graph, op, &a);
}

size_t tensor_binary(struct tensor_graph *graph, enum tensor_op op, size_t a, size_t b)
{
	return tensor_apply(graph, op, (size_t[]){ a, b });
}

size_t tensor_whole(struct tensor_graph *graph, enum tensor_op op, size_t a)
{
	struct tensor_node node = { .op = (uint16_t)op, .whole = true, .input = { (unsigned)a } };
	return apply(graph, &node, NULL);
}

size_t tensor_by_row(struct tensor_graph *graph, enum tensor_op op, size_t a)
{
	if (graph->status != OK) {
		return NODE_NONE;
	}
	struct shape shape = graph->node[a].shape;
	assert(!shape.rowed && shape.rank == 2);
	struct tensor_node node = { .op = (uint16_t)op, .input = { (unsigned)a }, .at = { (unsigned)shape.extent[0] } };
	shape.rank = op == TENSOR_softmax || op == TENSOR_log_softmax ? 2 : 1;
	return apply(graph, &node, &shape);
}

size_t tensor_slice(struct tensor_graph *graph, size_t a, const size_t at[4], const bool drop[2])
{
	struct tensor_node node = {
		.op = TENSOR_slice,
		.input = { (unsigned)a },
		.at = { (unsigned)at[0], (unsigned)at[1], (unsigned)at[2], (unsigned)at[3] },
	};
	if (graph->status != OK) {
		return NODE_NONE;
	}
	const struct shape *from = &graph->node[a].shape;
	struct shape shape = { .rowed = from->rowed };
	for (size_t d = 0; d < from->rank; d++) {
		assert(at[2 * d] + at[2 * d + 1] <= from->extent[d]);
		if (!drop[d]) {
			shape.extent[shape.rank++] = at[2 * d + 1];
		}
	}
	return apply(graph, &node, &shape);
}

size_t tensor_stride(struct tensor_graph *graph, size_t a, size_t start, size_t count, int step)
{
	struct tensor_node node = {
		.op = TENSOR_stride,
		.input = { (unsigned)a },
		.at = { (unsigned)start, (unsigned)count, (unsigned)step },
	};
	if (graph->status != OK) {
		return NODE_NONE;
	}
	struct shape shape = graph->node[a].shape;
	assert(!shape.rowed && shape.rank > 0);
	shape.extent[0] = count;
	return apply(graph, &node, &shape);
}

size_t tensor_stack(struct tensor_graph *graph, size_t a, size_t rows)
{
	struct tensor_node node = { .op = TENSOR_stack, .input = { (unsigned)a } };
	if (graph->status != OK) {
		return NODE_NONE;
	}
	const struct shape *from = &graph->node[a].shape;
	const struct shape shape = { .rank = from->rank + 1, .extent = { rows, from->rank > 0 ? from->extent[0] : 0 } };
	assert(from->rowed && from->rank < 2);
	return apply(graph, &node, &shape);
}

size_t tensor_reshape(struct tensor_graph *graph, size_t a, const struct shape *shape)
{
	struct tensor_node node = { .op = TENSOR_reshape, .input = { (unsigned)a } };
	if (graph->status != OK || shape_equal(shape, &graph->node[a].shape)) {
		return a;
	}
	assert(shape_size(shape) == shape_size(&graph->node[a].shape));
	return apply(graph, &node, shape);
}
