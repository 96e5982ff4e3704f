#include "core/graph/plan.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"
#include "core/graph/layout.h"
#include "core/graph/ops/ops.h"
#include "core/kernels/dual.h"

enum { LINE = 64 };

static struct plan *start(enum dtype dtype, bool in_duals, size_t slots, struct error *error)
{
	struct plan *plan = calloc(1, sizeof *plan);
	if (plan == NULL) {
		error_set(error, E_MEMORY, "out of memory for the model's plan");
		return NULL;
	}
	plan->dtype = dtype;
	plan->numbers = in_duals ? NUMBERS_DUAL : (size_t)dtype;
	plan->element = in_duals ? 2 * dtype_size(DTYPE_FLOAT64) : dtype_size(dtype);
	plan->slots = slots;
	plan->kernels = in_duals ? &kernels_dual : kernels_active();
	return plan;
}

/* One slot's tables of pointers: NULL at place 0, its own memory for what rows compute. */
static bool make_slot(const struct plan *plan, struct plan_slot *slot, char *memory)
{
	slot->memory = memory;
	slot->value = calloc(plan->values, sizeof *slot->value);
	slot->gradient = calloc(plan->gradients, sizeof *slot->gradient);
	if (slot->value == NULL || slot->gradient == NULL) {
		return false;
	}
	for (size_t i = 0; i < plan->value_buffers; i++) {
		slot->value[plan->value_buffer[i].place] = memory + plan->value_buffer[i].offset;
	}
	for (size_t i = 0; i < plan->gradient_buffers; i++) {
		slot->gradient[plan->gradient_buffer[i].place] = memory + plan->gradient_buffer[i].offset;
	}
	return true;
}

static bool allocate(struct plan *plan)
{
	size_t bytes = (plan->workspace_bytes + LINE - 1) & ~(size_t)(LINE - 1);
	plan->workspace = aligned_alloc(LINE, bytes);
	plan->slot = calloc(plan->slots, sizeof *plan->slot);
	plan->sum =
		calloc((plan->lanes > PLAN_RANGES ? plan->lanes : PLAN_RANGES) * plan->lane_sums, sizeof *plan->sum);
	plan->partial = calloc(plan->chunks * plan->penalties + 1, sizeof *plan->partial);
	plan->scalar_value = calloc(plan->scalars_room, sizeof *plan->scalar_value);
	plan->renewed = calloc(plan->buffers + 1, plan->element);
	if (plan->numbers == NUMBERS_DUAL) {
		plan->point = calloc(plan->n + plan->buffers + 1, plan->element);
		plan->slope = calloc(plan->n + 1, plan->element);
		if (plan->point == NULL || plan->slope == NULL) {
			return false;
		}
	}
	if (plan->workspace == NULL || plan->slot == NULL || plan->sum == NULL || plan->partial == NULL ||
	    plan->scalar_value == NULL || plan->renewed == NULL) {
		return false;
	}
	for (size_t i = 0; i < plan->slots; i++) {
		if (!make_slot(plan, &plan->slot[i], plan->workspace + i * plan->slot_bytes)) {
			return false;
		}
	}
	plan->lane = plan->workspace + plan->slots * plan->slot_bytes;
	plan->part = plan->lane + (plan->lanes - 1) * plan->lane_bytes;
	plan->product = plan->part + (PLAN_RANGES - 1) * plan->part_bytes;
	return true;
}

static bool copy_weights(struct plan *plan, const struct graph *graph)
{
	if (graph->class_weight == NULL) {
		return true;
	}
	plan->class_weight = calloc(plan->classes + 1, sizeof *plan->class_weight);
	if (plan->class_weight != NULL) {
		memcpy(plan->class_weight, graph->class_weight, plan->classes * sizeof *plan->class_weight);
	}
	return plan->class_weight != NULL;
}

static enum status create(const struct graph *graph, size_t root, size_t output, enum dtype dtype, bool in_duals,
			  size_t slots, struct plan **out, struct error *error)
{
	struct plan *plan = start(dtype, in_duals, slots, error);
	if (plan == NULL) {
		return E_MEMORY;
	}
	enum status status = plan_layout(plan, graph, root, output, error);
	if (status == OK && slots > 0 && (!allocate(plan) || !copy_weights(plan, graph))) {
		status = error_set(error, E_MEMORY, "out of memory: the model needs %zu bytes", plan->workspace_bytes);
	}
	if (status != OK) {
		plan_destroy(plan);
		return status;
	}
	*out = plan;
	return OK;
}

enum status plan_create(const struct graph *graph, size_t root, size_t output, enum dtype dtype, size_t slots,
			struct plan **out, struct error *error)
{
	return create(graph, root, output, dtype, false, slots, out, error);
}

enum status plan_create_product(const struct graph *graph, size_t root, enum dtype dtype, size_t slots,
				struct plan **out, struct error *error)
{
	return create(graph, root, NODE_NONE, dtype, true, slots, out, error);
}

void plan_destroy(struct plan *plan)
{
	if (plan == NULL) {
		return;
	}
	for (size_t i = 0; plan->slot != NULL && i < plan->slots; i++) {
		free(plan->slot[i].value);
		free(plan->slot[i].gradient);
	}
	free(plan->slot);
	free(plan->workspace);
	free(plan->sum);
	free(plan->partial);
	free(plan->scalar_value);
	free(plan->renewed);
	free(plan->point);
	free(plan->slope);
	free(plan->class_weight);
	plan_tables_free(plan);
	free(plan);
}

static enum status measure(const struct graph *graph, size_t root, size_t output, enum dtype dtype, bool in_duals,
			   size_t slots, size_t *bytes, struct error *error)
{
	struct plan *plan = start(dtype, in_duals, slots, error);
	if (plan == NULL) {
		return E_MEMORY;
	}
	enum status status = plan_layout(plan, graph, root, output, error);
	if (status == OK) {
		/* What is not numbers: tables by node, pointers by slot, sums by lane and chunk. */
		size_t node = sizeof(struct plan_step) + sizeof(struct plan_penalty) + sizeof(struct plan_scalar) +
			      sizeof(struct plan_parameter) + 2 * sizeof(struct plan_buffer) + sizeof(size_t);
		size_t tables = (graph->nodes + 1) * node +
				slots * (sizeof(struct plan_slot) + (plan->values + plan->gradients) * sizeof(void *)) +
				plan->buffers * plan->element +
				sizeof(double) * (plan->lanes * plan->lane_sums + plan->chunks * plan->penalties +
						  plan->scalars_room + 1);
		/* A plan's workspace was counted with n: twice that does not overflow. */
		tables += in_duals ? (2 * plan->n + plan->buffers + 2) * plan->element : 0;
		*bytes = plan->workspace_bytes + sizeof *plan + tables;
	}
	plan_destroy(plan);
	return status;
}

enum status plan_measure(const struct graph *graph, size_t root, size_t output, enum dtype dtype, size_t slots,
			 size_t *bytes, struct error *error)
{
	return measure(graph, root, output, dtype, false, slots, bytes, error);
}

enum status plan_measure_product(const struct graph *graph, size_t root, enum dtype dtype, size_t slots, size_t *bytes,
				 struct error *error)
{
	return measure(graph, root, NODE_NONE, dtype, true, slots, bytes, error);
}

size_t plan_block_rows(const struct plan *plan)
{
	return plan->block_rows;
}

double plan_l1(const struct plan *plan, size_t offset)
{
	double factor = 0;
	for (size_t p = 0; p < plan->penalties; p++) {
		if (plan->penalty[p].op == &op_sum_abs && plan->penalty[p].offset == offset) {
			factor += plan->penalty[p].coefficient;
		}
	}
	return factor;
}

void plan_set_smooth(struct plan *plan, bool smooth)
{
	plan->smooth = smooth;
}
