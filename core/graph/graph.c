#include "core/graph/graph.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"
#include "core/graph/op.h"
#include "core/graph/ops/ops.h"
#include "core/graph/start.h"

size_t shape_size(const struct shape *shape)
{
	size_t size = 1;
	for (size_t i = 0; i < shape->rank; i++) {
		size *= shape->extent[i];
	}
	return size;
}

bool shape_equal(const struct shape *a, const struct shape *b)
{
	return a->rowed == b->rowed && a->classes == b->classes && a->rank == b->rank &&
	       memcmp(a->extent, b->extent, a->rank * sizeof a->extent[0]) == 0;
}

const char *shape_text(const struct shape *shape, char text[128])
{
	size_t used = (size_t)snprintf(text, 128, "%s%s[", shape->rowed ? "rows x " : "",
				       shape->classes != 0 ? "class indices " : "");
	for (size_t i = 0; i < shape->rank; i++) {
		used += (size_t)snprintf(text + used, 128 - used, "%s%zu", i > 0 ? ", " : "", shape->extent[i]);
	}
	snprintf(text + used, 128 - used, "]");
	return text;
}

void graph_init(struct graph *graph)
{
	*graph = (struct graph){ .status = OK };
}

void graph_fini(struct graph *graph)
{
	free(graph->node);
	free(graph->parameter);
	free(graph->class_weight);
	graph_init(graph);
}

/* Makes room for one more element; E_MEMORY sticks. */
static bool grow(struct graph *graph, void **array, size_t count, size_t *room, size_t element)
{
	if (count < *room) {
		return true;
	}
	size_t wanted = *room == 0 ? 16 : 2 * *room, bytes;
	void *larger = size_multiply(wanted, element, &bytes) ? realloc(*array, bytes) : NULL;
	if (larger == NULL) {
		graph->status = error_set(&graph->error, E_MEMORY, "out of memory for the model's graph");
		return false;
	}
	*array = larger;
	*room = wanted;
	return true;
}

static size_t add_node(struct graph *graph, const struct graph_node *node)
{
	size_t size = 1;
	for (size_t i = 0; i < node->shape.rank; i++) {
		/* Dimensions go to BLAS as int. */
		if (node->shape.extent[i] > INT32_MAX || !size_multiply(size, node->shape.extent[i], &size)) {
			graph->status = error_set(&graph->error, E_TOO_LARGE, "a tensor of the model is too large");
			return NODE_NONE;
		}
	}
	if (!grow(graph, (void **)&graph->node, graph->nodes, &graph->node_room, sizeof *graph->node)) {
		return NODE_NONE;
	}
	graph->node[graph->nodes] = *node;
	return graph->nodes++;
}

static size_t add_data(struct graph *graph, enum node_kind kind, struct shape shape)
{
	if (graph->status != OK) {
		return NODE_NONE;
	}
	shape.rowed = true;
	return add_node(graph, &(struct graph_node){ .kind = kind, .shape = shape });
}

size_t graph_features(struct graph *graph, size_t features)
{
	return add_data(graph, NODE_FEATURES, (struct shape){ .rank = 1, .extent = { features } });
}

size_t graph_features_as(struct graph *graph, size_t rank, const size_t *extent)
{
	struct shape shape = { .rank = rank };
	memcpy(shape.extent, extent, rank * sizeof *extent);
	return add_data(graph, NODE_FEATURES, shape);
}

size_t graph_target(struct graph *graph, size_t targets)
{
	return add_data(graph, NODE_TARGET, (struct shape){ .rank = 1, .extent = { targets } });
}

size_t graph_label(struct graph *graph, size_t classes)
{
	return add_data(graph, NODE_LABEL, (struct shape){ .rank = 0, .classes = classes });
}

/* The next place in theta: before all buffers, which move up, or behind them. False when it is too large. */
static bool place_parameter(struct graph *graph, size_t index)
{
	struct graph_parameter *parameter = &graph->parameter[index];
	size_t size = parameter->tensor.size, n;
	if (!size_add(graph->n, size, &n)) {
		return false;
	}
	parameter->tensor.offset = graph->n;
	for (size_t p = 0; p < index && !parameter->buffer; p++) {
		graph->parameter[p].tensor.offset += graph->parameter[p].buffer ? size : 0;
	}
	if (parameter->buffer) {
		graph->buffers += size;
	} else {
		parameter->tensor.offset -= graph->buffers;
	}
	graph->n = n;
	return true;
}

void graph_freeze(struct graph *graph, bool on)
{
	graph->freezes = on;
}

static size_t add_parameter(struct graph *graph, const char *name, size_t rank, const size_t *extent,
			    struct graph_parameter made)
{
	assert(rank >= 1 && rank <= GRAPH_RANK);
	if (graph->status == OK && graph->again) {
		assert(graph->next < graph->parameters);
		return graph->parameter[graph->next++].node;
	}
	if (graph->status != OK || !grow(graph, (void **)&graph->parameter, graph->parameters, &graph->parameter_room,
					 sizeof *graph->parameter)) {
		return NODE_NONE;
	}
	struct graph_node node = { .kind = NODE_PARAMETER, .parameter = graph->parameters, .frozen = graph->freezes };
	node.shape.rank = rank;
	memcpy(node.shape.extent, extent, rank * sizeof *extent);
	size_t id = add_node(graph, &node);
	if (id == NODE_NONE) {
		return id;
	}
	struct graph_parameter *parameter = &graph->parameter[graph->parameters];
	made.node = id;
	*parameter = made;
	struct tensor *tensor = &parameter->tensor;
	snprintf(tensor->name, sizeof tensor->name, "%s", name);
	tensor->rank = rank;
	memcpy(tensor->shape, extent, rank * sizeof *extent);
	tensor->size = shape_size(&node.shape);
	if (!place_parameter(graph, graph->parameters)) {
		graph->status = error_set(&graph->error, E_TOO_LARGE, "the model has too many parameters");
		return NODE_NONE;
	}
	graph->parameters++;
	return id;
}

void graph_again_from(struct graph *graph, size_t first)
{
	graph->again = true;
	graph->next = first;
}

void graph_again(struct graph *graph, bool again)
{
	graph->again = again;
	graph->next = 0;
}

size_t graph_parameter(struct graph *graph, const char *name, size_t rank, const size_t *extent, double bound)
{
	struct start_rule start = { .law = bound > 0 ? STARTS_UNIFORM : STARTS_AT, .spread = bound };
	return add_parameter(graph, name, rank, extent, (struct graph_parameter){ .start = start });
}

size_t graph_parameter_start(struct graph *graph, const char *name, size_t rank, const size_t *extent,
			     struct start_rule start)
{
	size_t id = add_parameter(graph, name, rank, extent, (struct graph_parameter){ .start = start });
	if (id != NODE_NONE && !graph->again && !start_affordable(&start, rank, extent, &graph->start_products)) {
		char text[128];
		graph->status =
			error_set(&graph->error, E_INVALID,
				  "an orthogonal start of %s takes too long, with those before it: use another init",
				  shape_text(&graph->node[id].shape, text));
		return NODE_NONE;
	}
	return id;
}

size_t graph_parameter_fill(struct graph *graph, const char *name, size_t rank, const size_t *extent, double fill)
{
	struct start_rule start = { .law = STARTS_AT, .middle = fill };
	return add_parameter(graph, name, rank, extent,
			     (struct graph_parameter){ .start = start, .unpenalized = true });
}

size_t graph_buffer(struct graph *graph, const char *name, size_t extent, double fill)
{
	struct start_rule start = { .law = STARTS_AT, .middle = fill };
	return add_parameter(graph, name, 1, &extent,
			     (struct graph_parameter){ .start = start, .buffer = true, .unpenalized = true });
}

void graph_weigh_classes(struct graph *graph, const double *weight, size_t count)
{
	size_t bytes;
	if (graph->status != OK) {
		return;
	}
	assert(graph->class_weight == NULL);
	graph->class_weight = size_multiply(count + 1, sizeof *weight, &bytes) ? malloc(bytes) : NULL;
	if (graph->class_weight == NULL) {
		graph->status = error_set(&graph->error, E_MEMORY, "out of memory for the model's graph");
		return;
	}
	memcpy(graph->class_weight, weight, count * sizeof *weight);
}

size_t graph_place(struct graph *graph, const char *place, size_t id)
{
	if (graph->status != OK && graph->place[0] == '\0') {
		snprintf(graph->place, sizeof graph->place, "%s", place);
	}
	return id;
}

size_t graph_apply_constants(struct graph *graph, const struct graph_op *op, const size_t *input,
			     const double *attribute)
{
	struct shape in[GRAPH_ARITY];
	if (graph->status != OK) {
		return NODE_NONE;
	}
	struct graph_node node = { .kind = NODE_OPERATION, .op = op };
	memcpy(node.attribute, attribute, sizeof node.attribute);
	for (size_t i = 0; i < op->arity; i++) {
		assert(input[i] < graph->nodes);
		node.input[i] = input[i];
		in[i] = graph->node[input[i]].shape;
	}
	graph->status = op->shape_with != NULL ? op->shape_with(in, node.attribute, &node.shape, &graph->error)
					       : op->shape(in, &node.shape, &graph->error);
	return graph->status == OK ? add_node(graph, &node) : NODE_NONE;
}

size_t graph_apply(struct graph *graph, const struct graph_op *op, const size_t *input, double attribute)
{
	const double constants[GRAPH_ATTRIBUTES] = { attribute };
	return graph_apply_constants(graph, op, input, constants);
}

size_t graph_unary(struct graph *graph, const struct graph_op *op, size_t a)
{
	return graph_apply(graph, op, &a, 0);
}

size_t graph_binary(struct graph *graph, const struct graph_op *op, size_t a, size_t b)
{
	return graph_apply(graph, op, (size_t[]){ a, b }, 0);
}

size_t graph_ternary(struct graph *graph, const struct graph_op *op, size_t a, size_t b, size_t c)
{
	return graph_apply(graph, op, (size_t[]){ a, b, c }, 0);
}

size_t graph_scale(struct graph *graph, double factor, size_t a)
{
	return graph_apply(graph, &op_scale, &a, factor);
}
