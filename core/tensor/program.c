#include "core/tensor/program.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"
#include "core/kernels/dual.h"
#include "core/tensor/program_internal.h"

enum { LINE = 64 };

#define REAL_IS_FLOAT 1
#include "core/tensor/run.inc.c"
#undef REAL_IS_FLOAT
#define REAL_IS_FLOAT 0
#include "core/tensor/run.inc.c"
#undef REAL_IS_FLOAT

/* Bytes of `count * size` numbers, in whole lines; added to *total. Returns where they begin. */
static size_t reserve(size_t count, size_t size, size_t element, size_t *total, bool *overflow)
{
	size_t bytes = 0, at = *total;
	*overflow |= !size_multiply(count, size, &bytes) || !size_multiply(bytes, element, &bytes) ||
		     !size_add(bytes, 2 * LINE - 1, &bytes) || !size_add(*total, bytes / LINE * LINE, total);
	return at;
}

struct places {
	size_t plain, gradient, lanes, sum, seed, strip, rows, row_bytes;
};

static bool measure(struct program *program, struct places *places)
{
	bool overflow = false;
	size_t element = program->element, bytes = 0;
	program->bytes = 0;
	places->plain = reserve(1, program->plain_size, element, &program->bytes, &overflow);
	places->gradient = reserve(1, program->plain_gradient_size, element, &program->bytes, &overflow);
	places->lanes = reserve(program->lanes - 1, program->plain_gradient_size, element, &program->bytes, &overflow);
	places->sum = reserve(program->lanes, program->sums, program->dual ? program->element : sizeof(double),
			      &program->bytes, &overflow);
	places->seed = reserve(1, program->sums, element, &program->bytes, &overflow);
	places->strip = reserve(program->strips, program->strip_numbers, element, &program->bytes, &overflow);
	reserve(program->block_rows, program->row_numbers, element, &bytes, &overflow);
	places->row_bytes = bytes;
	places->rows = reserve(program->coupled ? 1 : program->slots, places->row_bytes, 1, &program->bytes, &overflow);
	return !overflow && program->bytes < PTRDIFF_MAX / 2;
}

static bool make_slot(struct program *program, size_t s, const struct places *places)
{
	struct program_slot *slot = &program->slot[s];
	slot->rows = program->memory + places->rows + (program->coupled ? 0 : s) * places->row_bytes;
	slot->value = calloc(program->nodes + 1, sizeof *slot->value);
	slot->gradient = calloc(program->nodes + 1, sizeof *slot->gradient);
	if (slot->value == NULL || slot->gradient == NULL) {
		return false;
	}
	size_t rows = program->block_rows * program->element;
	for (size_t i = 0; i < program->nodes; i++) {
		if (program->place[i] == PLACE_PLAIN) {
			slot->value[i] = program->plain + program->offset[i] * program->element;
			if (program->wanted[i]) {
				slot->gradient[i] = program->gradient + program->offset[i] * program->element;
			}
		} else if (program->place[i] != PLACE_NONE) {
			slot->value[i] = slot->rows + program->offset[i] * rows;
			if (program->row_gradient[i] != SIZE_MAX) {
				slot->gradient[i] = slot->rows + program->row_gradient[i] * rows;
			}
		}
	}
	return true;
}

static bool allocate(struct program *program, const struct places *places)
{
	program->memory = aligned_alloc(LINE, (program->bytes + LINE) / LINE * LINE);
	program->slot = calloc(program->slots, sizeof *program->slot);
	if (program->memory == NULL || program->slot == NULL) {
		return false;
	}
	program->plain = program->memory + places->plain;
	program->gradient = program->memory + places->gradient;
	program->lane_gradient = program->memory + places->lanes;
	program->sum = program->memory + places->sum;
	program->seed = program->memory + places->seed;
	program->strip = program->memory + places->strip;
	for (size_t s = 0; s < program->slots; s++) {
		if (!make_slot(program, s, places)) {
			return false;
		}
	}
	return true;
}

static void fill_constants(struct program *program, const struct tensor_graph *graph)
{
	if (program->dual) {
		program_fill_duals(program, graph);
		return;
	}
	for (size_t i = 0; i < graph->nodes; i++) {
		if (graph->node[i].op != TENSOR_CONSTANT || program->place[i] != PLACE_PLAIN) {
			continue;
		}
		const double *from = graph->pool + graph->node[i].at[0];
		for (size_t j = 0; j < shape_size(&graph->node[i].shape); j++) {
			size_t at = program->offset[i] + j;
			if (program->dtype == DTYPE_FLOAT32) {
				((float *)(void *)program->plain)[at] = (float)from[j];
			} else {
				((double *)(void *)program->plain)[at] = from[j];
			}
		}
	}
	if (program->dtype == DTYPE_FLOAT32) {
		run_plain_f32(program, NULL, 0, program->constants, 0, 0);
	} else {
		run_plain_f64(program, NULL, 0, program->constants, 0, 0);
	}
}

/* In the order of kernels_isa_index(). */
static const struct tensor_operations *const sets[] = { &tensor_operations_baseline, &tensor_operations_avx2,
							&tensor_operations_avx512 };

/* What is asked for. dual: a program of dual numbers, for products. */
struct order {
	const struct tensor_graph *graph;
	size_t root, output;
	enum dtype dtype;
	size_t slots, most_rows;
	bool dual;
};

/* Milliseconds, roughly, that computing the constants may take: it is done for each program anew, and some are made
 * while a request waits. */
enum { CONSTANTS_MILLISECONDS = 200 };
/* Picoseconds of a number, and of a product in a product of matrices. */
enum { NUMBER_COST = 5000, PRODUCT_COST = 250 };

static enum status check_constants(const struct program *program, struct error *error)
{
	double cost = 0;
	for (size_t s = 0; s < program->constants; s++) {
		const struct step *step = &program->step[s];
		const struct shape *shape = step->form->shape;
		const double made = (double)shape_size(&shape[3]), read = (double)shape_size(&shape[0]);
		cost += NUMBER_COST * (made > read ? made : read);
		if (step->op == TENSOR_matmul) {
			cost += PRODUCT_COST * made * (double)shape[1].extent[0];
		}
	}
	if (cost > CONSTANTS_MILLISECONDS * 1e9) {
		return error_set(error, E_TOO_LARGE,
				 "what is computed of constants alone would take about %.0f ms, at most %d are "
				 "allowed: compute it beforehand, and give the result as a constant",
				 cost * 1e-9, CONSTANTS_MILLISECONDS);
	}
	return OK;
}

static enum status start(const struct order *order, struct program **out, struct places *places, struct error *error)
{
	const struct tensor_graph *graph = order->graph;
	struct program *program = calloc(1, sizeof *program);
	if (program == NULL) {
		return error_set(error, E_MEMORY, "out of memory for the expression");
	}
	program->dtype = order->dtype;
	program->dual = order->dual;
	program->element = (order->dual ? 2 : 1) * dtype_size(order->dual ? DTYPE_FLOAT64 : order->dtype);
	program->kernels = order->dual ? &kernels_dual : kernels_active();
	program->operations = order->dual ? &tensor_operations_dual : sets[kernels_isa_index()];
	program->n = graph->n;
	program->nodes = graph->nodes;
	program->root = order->root;
	program->output = order->output;
	program->output_width = order->output == NODE_NONE ? 0 : shape_size(&graph->node[order->output].shape);
	program->features = graph->features;
	program->targets = graph->targets;
	program->slots = order->slots;
	program->most_rows = order->most_rows;
	*out = program;
	enum status status = program_layout(program, graph, error);
	if (status == OK) {
		status = check_constants(program, error);
	}
	if (status == OK && !measure(program, places)) {
		status = error_set(error, E_TOO_LARGE, "the expression needs more memory than any machine has");
	}
	return status;
}

static enum status create(const struct order *order, struct program **out, struct error *error)
{
	struct program *program = NULL;
	struct places places = { 0 };
	enum status status = start(order, &program, &places, error);
	if (status == OK && order->slots > 0 && !allocate(program, &places)) {
		status = error_set(error, E_MEMORY, "out of memory: the expression needs %zu bytes", program->bytes);
	}
	if (status != OK) {
		program_destroy(program);
		return status;
	}
	if (order->slots > 0) {
		memset(program->gradient, 0, program->plain_gradient_size * program->element);
		fill_constants(program, order->graph);
	}
	*out = program;
	return OK;
}

enum status program_create(const struct tensor_graph *graph, size_t root, size_t output, enum dtype dtype, size_t slots,
			   size_t most_rows, struct program **out, struct error *error)
{
	const struct order order = { graph, root, output, dtype, slots, most_rows, false };
	return create(&order, out, error);
}

enum status program_create_product(const struct tensor_graph *graph, size_t root, enum dtype dtype, size_t slots,
				   size_t most_rows, struct program **out, struct error *error)
{
	const struct order order = { graph, root, NODE_NONE, dtype, slots, most_rows, true };
	return create(&order, out, error);
}

void program_destroy(struct program *program)
{
	if (program == NULL) {
		return;
	}
	for (size_t s = 0; program->slot != NULL && s < program->slots; s++) {
		free(program->slot[s].value);
		free(program->slot[s].gradient);
	}
	for (struct form_block *block = program->forms, *next; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	free(program->slot);
	free(program->memory);
	free(program->place);
	free(program->offset);
	free(program->row_gradient);
	free(program->strip_value);
	free(program->strip_gradient);
	free(program->column);
	free(program->wanted);
	free(program->step);
	free(program->boundary);
	free(program->leaf);
	free(program);
}

static enum status measure_order(const struct order *order, size_t *bytes, struct error *error)
{
	struct program *program = NULL;
	struct places places;
	enum status status = start(order, &program, &places, error);
	if (status == OK) {
		*bytes = program->bytes + sizeof *program +
			 order->graph->nodes *
				 (sizeof(struct step) + 7 * sizeof(size_t) + 2 * order->slots * sizeof(void *));
	}
	program_destroy(program);
	return status;
}

enum status program_measure(const struct tensor_graph *graph, size_t root, size_t output, enum dtype dtype,
			    size_t slots, size_t most_rows, size_t *bytes, struct error *error)
{
	const struct order order = { graph, root, output, dtype, slots, most_rows, false };
	return measure_order(&order, bytes, error);
}

enum status program_check(const struct tensor_graph *graph, size_t root, size_t output, char couples[200],
			  struct error *error)
{
	/* One row: this is about the form, not the size. */
	const struct order order = { graph, root, output, DTYPE_FLOAT64, 1, 1, false };
	struct program *program = NULL;
	struct places places;
	const enum status status = start(&order, &program, &places, error);
	couples[0] = '\0';
	if (status == OK && program->coupled) {
		memcpy(couples, program->reason, sizeof program->reason);
	}
	program_destroy(program);
	return status;
}

enum status program_measure_product(const struct tensor_graph *graph, size_t root, enum dtype dtype, size_t slots,
				    size_t most_rows, size_t *bytes, struct error *error)
{
	const struct order order = { graph, root, NODE_NONE, dtype, slots, most_rows, true };
	return measure_order(&order, bytes, error);
}

enum status program_evaluate(struct program *program, const void *theta, const struct batch *batch,
			     struct executor *executor, double *value, void *gradient)
{
	return program->dtype == DTYPE_FLOAT32 ? evaluate_f32(program, theta, batch, executor, value, gradient)
					       : evaluate_f64(program, theta, batch, executor, value, gradient);
}

enum status program_predict(struct program *program, const void *theta, const struct batch *batch,
			    struct executor *executor, void *outputs)
{
	return program->dtype == DTYPE_FLOAT32 ? predict_f32(program, theta, batch, executor, outputs)
					       : predict_f64(program, theta, batch, executor, outputs);
}
