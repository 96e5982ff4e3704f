/*
 * Where the rowed values of a program lie: values, gradients and slopes that do not live at the same time share memory.
 *
 * Time is counted in steps, forward and then backward: step s of L runs at s, and its way back at 2 L - 1 - s; those of
 * a fused run all at once. A value lives until its last reader, one of which may be a derivative (tensor_reads); a
 * gradient from its first contribution, which writes where the others add, to the way back of its own step.
 */
#include <stdlib.h>

#include "core/base/size.h"
#include "core/tensor/layout.h"

enum { NONE = UINT32_MAX, SIZES_MOST = 32 };

/* Lists by time and by size, through `next`. */
struct shelf {
	unsigned *starts, *ends; /* [times] */
	unsigned *next_start, *next_end;
	size_t size[SIZES_MOST];
	unsigned free[SIZES_MOST];
	size_t sizes;
};

static unsigned *pool_of(struct shelf *shelf, size_t size)
{
	for (size_t i = 0; i < shelf->sizes; i++) {
		if (shelf->size[i] == size) {
			return &shelf->free[i];
		}
	}
	if (shelf->sizes == SIZES_MOST) { /* more sizes are not looked through: no re-use */
		return NULL;
	}
	shelf->size[shelf->sizes] = size;
	shelf->free[shelf->sizes] = NONE;
	return &shelf->free[shelf->sizes++];
}

static void place_all(struct shelf *shelf, const struct lifetime *item, size_t times, size_t *room, bool *overflow)
{
	for (size_t t = 0; t < times; t++) {
		for (unsigned i = shelf->starts[t]; i != NONE; i = shelf->next_start[i]) {
			unsigned *pool = pool_of(shelf, item[i].size);
			if (pool != NULL && *pool != NONE) {
				*item[i].where = *item[*pool].where;
				*pool = shelf->next_end[*pool];
			} else {
				*item[i].where = *room;
				*overflow |= !size_add(*room, item[i].size, room);
			}
		}
		for (unsigned i = shelf->ends[t], after; i != NONE; i = after) {
			unsigned *pool = pool_of(shelf, item[i].size);
			after = shelf->next_end[i];
			if (pool != NULL) {
				shelf->next_end[i] = *pool;
				*pool = i;
			}
		}
	}
}

bool lifetimes_place(const struct lifetime *item, size_t items, size_t times, size_t *room, bool *overflow)
{
	struct shelf shelf = { .sizes = 0 };
	unsigned *memory = malloc((2 * times + 2 * items + 1) * sizeof *memory);
	if (memory == NULL) {
		return false;
	}
	shelf.starts = memory;
	shelf.ends = shelf.starts + times;
	shelf.next_start = shelf.ends + times;
	shelf.next_end = shelf.next_start + items;
	for (size_t t = 0; t < 2 * times; t++) {
		memory[t] = NONE;
	}
	for (size_t i = items; i-- > 0;) {
		shelf.next_start[i] = shelf.starts[item[i].start];
		shelf.starts[item[i].start] = (unsigned)i;
		shelf.next_end[i] = shelf.ends[item[i].end];
		shelf.ends[item[i].end] = (unsigned)i;
	}
	place_all(&shelf, item, times, room, overflow);
	free(memory);
	return true;
}

/* --- the rows of a program --- */

struct clock {
	struct layout *layout;
	size_t begin, count;               /* the steps that have rowed results */
	struct lifetime *value, *gradient; /* [nodes]; size 0: none */
};

static unsigned forth(const struct clock *clock, const struct step *step)
{
	return step->tick - (unsigned)clock->begin;
}

static unsigned back(const struct clock *clock, const struct step *step)
{
	return 2 * (unsigned)clock->count - 1 - forth(clock, step);
}

static void live(struct lifetime *life, unsigned from, unsigned to)
{
	life->start = from < life->start ? from : life->start;
	life->end = to > life->end ? to : life->end;
}

/* What a step reads and adds to. */
static void use(struct clock *clock, const struct step *step)
{
	const struct program *program = clock->layout->program;
	const unsigned reads = tensor_reads(step->op);
	for (size_t k = 0; k < tensor_arity(step->op); k++) {
		const unsigned in = step->in[k];
		bool late = step->run_wanted || (step->wanted && (reads >> k & 1) != 0);
		if (clock->value[in].size > 0) {
			live(&clock->value[in], clock->value[in].start, late ? back(clock, step) : forth(clock, step));
		}
		if (clock->gradient[in].size > 0 && step->wanted && (step->wants >> k & 1) != 0) {
			live(&clock->gradient[in], back(clock, step), 0);
		}
	}
	if (clock->value[step->out].size > 0) {
		bool late = step->run_wanted || (step->wanted && (reads & 8) != 0);
		live(&clock->value[step->out], forth(clock, step), late ? back(clock, step) : forth(clock, step));
		if (step->out == program->output) {
			clock->value[step->out].end = 2 * (unsigned)clock->count - 1;
		}
	}
	if (clock->gradient[step->out].size > 0) {
		live(&clock->gradient[step->out], NONE, back(clock, step));
	}
}

/* A sum of one number a row. */
static bool is_even(const struct step *step)
{
	return (step->op == TENSOR_SUM_ROWS || step->op == TENSOR_MEAN_ROWS) && shape_size(&step->form->shape[0]) == 1;
}

/* Contributions to a gradient: the first of them, on the way back, finds nothing there. Where the only one is that of a
 * sum over rows to slopes that are kept, it is one number. */
static void find_first(struct layout *layout, bool *seen)
{
	struct program *program = layout->program;
	for (size_t s = program->constants + program->before + program->middle + program->after; s-- > 0;) {
		struct step *step = &program->step[s];
		for (size_t k = 0; step->wanted && k < tensor_arity(step->op); k++) {
			const unsigned in = step->in[k];
			const bool own = program->row_gradient[in] != SIZE_MAX || program->strip_gradient[in] != NONE;
			if (!own || (step->wants >> k & 1) == 0) {
				continue;
			}
			struct step *made = &program->step[layout->sort[in].step];
			made->uniform = !seen[in] && made->kept != SIZE_MAX && made->wants == 1 && is_even(step);
			step->first |= (unsigned char)(seen[in] ? 0 : 1u << k);
			seen[in] = true;
		}
	}
	for (size_t s = program->constants + program->before;
	     s < program->constants + program->before + program->middle; s++) {
		struct step *step = &program->step[s];
		const unsigned made = is_even(step) ? layout->sort[step->in[0]].step : NONE;
		step->uniform |= made != NONE && program->step[made].uniform;
	}
}

static bool place(struct clock *clock, size_t nodes)
{
	struct program *program = clock->layout->program;
	size_t most = 0, items = 0;
	for (size_t i = 0; i < nodes; i++) {
		most += clock->value[i].size > 0 ? 1 : 0;
		most += clock->gradient[i].size > 0 ? 1 : 0;
	}
	for (size_t s = clock->begin; s < clock->begin + clock->count; s++) {
		most += program->step[s].kept != SIZE_MAX;
	}
	struct lifetime *item = malloc((most + 1) * sizeof *item);
	if (item == NULL) {
		return false;
	}
	for (size_t i = 0; i < nodes; i++) {
		if (clock->value[i].size > 0 && clock->value[i].start != NONE) {
			item[items++] = clock->value[i];
		}
		if (clock->gradient[i].size > 0 && clock->gradient[i].start != NONE) {
			item[items++] = clock->gradient[i];
		}
	}
	for (size_t s = clock->begin; s < clock->begin + clock->count; s++) {
		struct step *step = &program->step[s];
		if (step->kept != SIZE_MAX) {
			item[items++] = (struct lifetime){ forth(clock, step), back(clock, step),
							   shape_size(&step->form->shape[3]), &step->kept };
		}
	}
	const bool made =
		lifetimes_place(item, items, 2 * clock->count, &program->row_numbers, &clock->layout->overflow);
	free(item);
	return made;
}

bool layout_place_rows(struct layout *layout)
{
	struct program *program = layout->program;
	const size_t nodes = layout->graph->nodes;
	struct clock clock = { .layout = layout, .begin = program->constants };
	clock.begin += program->coupled ? 0 : program->before;
	clock.count = program->coupled ? program->before : program->middle;
	clock.value = calloc(2 * nodes + 1, sizeof *clock.value);
	clock.gradient = clock.value == NULL ? NULL : clock.value + nodes;
	bool *seen = calloc(nodes + 1, sizeof *seen);
	bool made = clock.value != NULL && seen != NULL;
	for (size_t i = 0; made && i < nodes; i++) {
		const struct sort *sort = &layout->sort[i];
		const size_t size = shape_size(&layout->graph->node[i].shape);
		const bool computed = program->place[i] == PLACE_ROWS && sort->step != NONE;
		const bool graded = sort->step != NONE && sort->root && sort->wanted &&
				    layout->graph->node[i].shape.rowed && program->strip_gradient[i] == NONE;
		clock.value[i] = (struct lifetime){ NONE, 0, computed ? size : 0, &program->offset[i] };
		clock.gradient[i] = (struct lifetime){ NONE, 0, graded ? size : 0, &program->row_gradient[i] };
		program->row_gradient[i] = SIZE_MAX;
	}
	for (size_t s = clock.begin; made && s < clock.begin + clock.count; s++) {
		use(&clock, &program->step[s]);
	}
	made = made && place(&clock, nodes);
	if (made) {
		find_first(layout, seen);
	}
	free(clock.value);
	free(seen);
	return made;
}
