/*
 * Part of run.inc.c: one block of rows: where its leaves lie, its steps forward and backward, gradients into its lane.
 */
#ifndef REAL_IS_DUAL
/* Points the first of the slot's leaves at rows first..first+rows-1 of the batch: where they lie, or gathered. */
static void NAME(bind_rows)(const struct NAME(run) * run, const struct program_slot *slot, size_t leaves, size_t first,
			    size_t rows)
{
	const struct program *program = run->program;
	const struct batch *batch = run->batch;
	const uint32_t *index = batch->index;
	size_t at = batch->first + first, width = batch->data->features;
	for (size_t i = 0; i < leaves; i++) {
		unsigned leaf = program->leaf[i];
		bool target = program->place[leaf] == PLACE_TARGET;
		const REAL *from = target ? batch->data->y : batch->data->x;
		REAL *room =
			(REAL *)(void *)(slot->rows + program->offset[leaf] * program->block_rows * program->element);
		if (from == NULL && target && batch->data->label != NULL) { /* classes count as their index */
			const int32_t *label = batch->data->label + (index != NULL ? 0 : at);
			for (size_t r = 0; r < rows && index == NULL; r++) {
				room[r] = (REAL)label[r];
			}
			for (size_t r = 0; r < rows && index != NULL; r++) {
				room[r] = (REAL)label[index[at + r]];
			}
			slot->value[leaf] = room;
			continue;
		}
		if (from == NULL) {
			continue; /* a prediction has no target */
		}
		if (program->column[leaf] != SIZE_MAX) {
			from += program->column[leaf];
			for (size_t r = 0; r < rows; r++) {
				room[r] = from[(index != NULL ? index[at + r] : at + r) * width];
			}
			continue;
		}
		size_t columns = target ? batch->data->targets : width;
		if (index == NULL) {
			slot->value[leaf] = (void *)(uintptr_t)(from + at * columns);
			continue;
		}
		program->kernels->NAME(gather_rows)(rows, columns, from, index + at, room);
		slot->value[leaf] = room;
	}
}
#else
/* Rows first..first+rows-1 of the batch as numbers without a derivative, in the first of the slot's leaves. */
static void NAME(bind_rows)(const struct NAME(run) * run, const struct program_slot *slot, size_t leaves, size_t first,
			    size_t rows)
{
	const struct program *program = run->program;
	const struct batch *batch = run->batch;
	const struct data_view *data = batch->data;
	for (size_t i = 0; i < leaves; i++) {
		const unsigned leaf = program->leaf[i];
		const bool target = program->place[leaf] == PLACE_TARGET, one = program->column[leaf] != SIZE_MAX;
		const bool labels = target && data->y == NULL;
		const size_t width = target ? (labels ? 1 : data->targets) : data->features, count = one ? 1 : width;
		REAL *room = (REAL *)(void *)slot->rows + program->offset[leaf] * program->block_rows;
		slot->value[leaf] = room;
		for (size_t r = 0; r < rows; r++) {
			const size_t place = batch->first + first + r,
				     row = batch->index != NULL ? batch->index[place] : place;
			const size_t at = row * width + (one ? program->column[leaf] : 0);
			for (size_t j = 0; j < count; j++) {
				room[r * count + j] =
					labels ? (double)data->label[row]
					       : dtype_get(data->dtype, target ? data->y : data->x, at + j);
			}
		}
	}
}
#endif

/* Gradients of plain values that the rows of this lane add to. */
static REAL *NAME(bind_lane)(const struct program *program, const struct program_slot *slot, size_t lane)
{
	size_t bytes = program->plain_gradient_size * program->element;
	char *gradient = lane == 0 ? program->gradient : program->lane_gradient + (lane - 1) * bytes;
	for (size_t i = 0; i < program->boundaries; i++) {
		unsigned node = program->boundary[i];
		slot->gradient[node] = gradient + program->offset[node] * program->element;
	}
	memset(gradient, 0, bytes);
	return (REAL *)(void *)gradient;
}

/* next: X of the block after this one, or NULL. */
static void NAME(run_block)(const struct NAME(run) * run, const struct program_slot *slot, size_t rows, WIDE *sums,
			    const void *next)
{
	const struct program *program = run->program;
	const struct step *begin = program->step + program->constants + program->before, *end = begin + program->middle;
	struct tensor_call call = { .program = program, .rows = rows, .next = next };
	for (const struct step *step = begin; step < end; step++) {
		if (step->op == TENSOR_WEIGHT_ROWS) { /* known by now */
			continue;
		}
		NAME(bind)(slot, step, &call);
		call.kept = run->back ? NAME(kept)(program, slot, step) : NULL;
		if (step->op == TENSOR_SUM_ROWS || step->op == TENSOR_MEAN_ROWS) {
			call.sum = sums + step->sum;
			call.out = NULL;
		}
		program->operations->NAME(forward)(&call);
	}
	if (!run->back) {
		return;
	}
	for (const struct step *step = end; step-- > begin;) {
		if (step->wanted) {
			NAME(bind)(slot, step, &call);
			call.kept = NAME(kept)(program, slot, step);
			if (step->op == TENSOR_SUM_ROWS || step->op == TENSOR_MEAN_ROWS) {
				call.d_out = (const REAL *)(const void *)program->seed + step->sum;
				call.scale = NAME(crossing_scale)(step, run->batch);
			}
			NAME(clear_first)(&call);
			program->operations->NAME(reverse)(&call);
		}
	}
}
