/* Where a block's rows lie, and the parameters: in the arrays of the data, or gathered into the slot. */
#include <stdint.h>

#include "core/graph/plan.h"
#include "core/graph/product.h"
#include "core/graph/run.h"
#include "core/graph/share.h"
#include "core/graph/wide.h"

void run_bind_parameters(const struct run *run, const struct plan_slot *slot, char *gradient)
{
	const struct plan *plan = run->plan;
	for (size_t p = 0; p < plan->parameters; p++) {
		const struct plan_parameter *parameter = &plan->parameter[p];
		size_t offset = parameter->offset * plan->element;
		/* Values are read through const pointers only (struct op_call). */
		slot->value[parameter->value] = (void *)(uintptr_t)(run->theta + offset);
		slot->gradient[parameter->gradient] = gradient == NULL ? NULL
						      : parameter->buffer
							      ? plan->renewed + offset - plan->n * plan->element
							      : gradient + offset;
	}
}

/* Which rows of the data: those of an index, or from `first` on where that is NULL. */
struct pick {
	const uint32_t *index;
	size_t first, rows;
};

/* The rows first..first+rows-1 of the batch; of a batch that is dealt out those of the group `first`. */
static struct pick pick_rows(const struct run *run, const struct plan_slot *slot, size_t first, size_t rows)
{
	const struct batch *batch = run->batch;
	const size_t at = batch->first + first;
	if (!run->dealt) {
		return (struct pick){ batch->index != NULL ? batch->index + at : NULL, at, rows };
	}
	uint32_t *index = (uint32_t *)(void *)(slot->memory + run->plan->index_offset);
	for (size_t r = 0; r < rows; r++) {
		const size_t row = at + r * run->blocks;
		index[r] = batch->index != NULL ? batch->index[row] : (uint32_t)row;
	}
	return (struct pick){ index, 0, rows };
}

/* Rows of an array: where they lie, or gathered into `room`. */
static const void *rows_of(const struct run *run, const void *data, size_t width, const struct pick *pick, void *room)
{
	const struct plan *plan = run->plan;
	if (plan->numbers == NUMBERS_DUAL) {
		return product_rows(run->batch->data->dtype, data, width, pick->index, pick->first, pick->rows, room);
	}
	if (pick->index == NULL) {
		return (const char *)data + pick->first * width * plan->element;
	}
	if (run->split && plan->split_apart && data == run->batch->data->x) {
		wide_gather(run, pick->rows, width, data, pick->index, room);
		return room;
	}
	share_gather(run->shared ? run->executor : NULL, plan, pick->rows, width, data, pick->index, room);
	return room;
}

static const int32_t *labels_of(const struct run *run, const struct pick *pick, int32_t *room)
{
	const int32_t *label = run->batch->data->label;
	if (pick->index == NULL) {
		return label + pick->first;
	}
	for (size_t r = 0; r < pick->rows; r++) {
		room[r] = label[pick->index[r]];
	}
	return room;
}

void run_bind_rows(const struct run *run, const struct plan_slot *slot, size_t first, size_t rows, bool targets)
{
	const struct plan *plan = run->plan;
	const struct data_view *data = run->batch->data;
	const struct pick pick = pick_rows(run, slot, first, rows);
	if (plan->features_place != 0) {
		slot->value[plan->features_place] = (void *)(uintptr_t)rows_of(run, data->x, plan->features, &pick,
									       slot->memory + plan->features_offset);
	}
	if (targets && plan->target_place != 0) {
		slot->value[plan->target_place] = (void *)(uintptr_t)rows_of(run, data->y, plan->targets, &pick,
									     slot->memory + plan->target_offset);
	}
	if (targets && plan->label_place != 0) {
		slot->value[plan->label_place] = (void *)(uintptr_t)labels_of(
			run, &pick, (int32_t *)(void *)(slot->memory + plan->label_offset));
	}
}
