/*
 * Fused runs: element-wise steps over the same long values, one after the other, go over memory once, in strips that
 * stay in the first-level cache. What nobody outside a run reads lives in a strip alone; on the way back it is computed
 * again, strip by strip, but for the values of costly functions, which are stored.
 *
 * This is for values that are as long as they like: plain vectors and matrices, and rows that run whole. Rows that can
 * be taken apart need it not: there a block of rows is the strip.
 *
 * So that runs get long, the steps of a phase are sorted: a step's level is how many runs lie one behind the other
 * before it; on a level come first the steps that are in no run, then the runs by length. Sums of all numbers of a
 * value that a run makes (sinks) are part of it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/tensor/layout.h"

enum { NONE = UINT32_MAX, STRIP_BYTES = 24 * 1024, STRIP_LEAST = 64, STRIP_MOST = 1024 };

struct sorting {
	uint64_t place;    /* the level, and in the lower bits the length; of that 0: in no run */
	unsigned at, rank; /* its length's among the lengths that there are */
};
enum { LENGTH_BITS = 34 }; /* twice a tensor's size, and one */
enum { LENGTHS_MOST = 16 };

struct runs {
	struct layout *layout;
	size_t *level;        /* [nodes] */
	unsigned *place;      /* [nodes]: of a step in its run, while that is looked at */
	bool *outside, *read; /* [nodes]: by others; on the way back */
	struct sorting *sorting, *other;
	struct step *copy;
	size_t length[LENGTHS_MOST], lengths; /* those that there are; more are not counted */
	struct lifetime *item;
	size_t registers, longest; /* of a run: steps */
	size_t numbers;            /* ... in its loop; SIZE_MAX: times the rows */
};

bool layout_is_view(const struct tensor_graph *graph, size_t id, size_t *from)
{
	const struct tensor_node *node = &graph->node[id];
	if (node->constant || node->shape.rowed || (node->op != TENSOR_slice && node->op != TENSOR_reshape)) {
		return false;
	}
	const struct shape *whole = &graph->node[node->input[0]].shape;
	*from = 0;
	if (node->op == TENSOR_reshape || whole->rank == 0) {
		return true;
	}
	*from = whole->rank == 1 ? node->at[0] : node->at[0] * whole->extent[1] + node->at[2];
	return whole->rank == 1 || node->at[1] == 1 || node->at[3] == whole->extent[1];
}

/* The length of an element-wise step's loop that may be part of a run, rowed ones apart; 0: it may not. */
static size_t length_of(const struct step *step)
{
	bool fits = tensor_is_element(step->op) && !step->scalar && !step->for_output && step->form->walk.dims == 1;
	for (size_t k = 0; fits && k < tensor_arity(step->op); k++) {
		fits = step->form->walk.stride[k][0] <= 1;
	}
	return fits ? 2 * (size_t)step->form->walk.extent[0] + step->form->walk.rowed : 0;
}

/* The same of what a sum adds up. */
static size_t sink_of(const struct step *step)
{
	const struct shape *in = &step->form->shape[0];
	const size_t size = shape_size(in);
	if (step->op == TENSOR_sum && !in->rowed && step->form->slice[0] == 0 && size > 1) {
		return 2 * size;
	}
	return (step->op == TENSOR_SUM_ROWS || step->op == TENSOR_MEAN_ROWS) && size == 1 ? 3 : 0;
}

static int by_place(const void *a, const void *b)
{
	const struct sorting *x = a, *y = b;
	if (x->place != y->place) {
		return x->place < y->place ? -1 : 1;
	}
	return x->at < y->at ? -1 : x->at > y->at;
}

/* The place of a length among those that there are; LENGTHS_MOST: there are too many. */
static unsigned rank_of(struct runs *runs, size_t length)
{
	size_t i = 0;
	while (i < runs->lengths && i < LENGTHS_MOST && runs->length[i] != length) {
		i++;
	}
	if (i == runs->lengths && i < LENGTHS_MOST) {
		runs->length[i] = length;
	}
	runs->lengths = i == runs->lengths ? i + 1 : runs->lengths;
	return (unsigned)i;
}

/* `from` into `to` by level, or else by the number that its rank has; in order within. first [keys]: room. */
static void distribute(const struct sorting *from, struct sorting *to, size_t count, const unsigned *number,
		       unsigned *first, size_t keys)
{
	unsigned sum = 0;
	memset(first, 0, keys * sizeof *first);
	for (size_t i = 0; i < count; i++) {
		first[number != NULL ? number[from[i].rank] : from[i].place >> LENGTH_BITS]++;
	}
	for (size_t k = 0; k < keys; k++) {
		const unsigned here = first[k];
		first[k] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++) {
		to[first[number != NULL ? number[from[i].rank] : from[i].place >> LENGTH_BITS]++] = from[i];
	}
}

/* By place, then by `at`, in which order they come: by counting, as long as there are few lengths. levels <= nodes. */
static void sort_places(struct runs *runs, size_t count, size_t levels)
{
	unsigned number[LENGTHS_MOST], first[LENGTHS_MOST];
	if (runs->lengths > LENGTHS_MOST) {
		qsort(runs->sorting, count, sizeof *runs->sorting, by_place);
		return;
	}
	for (size_t i = 0; i < runs->lengths; i++) {
		number[i] = 0;
		for (size_t j = 0; j < runs->lengths; j++) {
			number[i] += runs->length[j] < runs->length[i];
		}
	}
	distribute(runs->sorting, runs->other, count, number, first, runs->lengths);
	distribute(runs->other, runs->sorting, count, NULL, runs->place, levels);
}

/* How many runs lie before a step: that of an input one more than before that, unless both go in the same. */
static size_t level_of(const struct runs *runs, const struct step *step, size_t first, size_t length)
{
	const struct layout *layout = runs->layout;
	size_t level = 0;
	for (size_t k = 0; k < tensor_arity(step->op); k++) {
		const size_t base = layout->sort[step->in[k]].base;
		if (layout->sort[base].step == NONE || layout->sort[base].step < first) {
			continue;
		}
		const struct step *before = &layout->program->step[layout->sort[base].step];
		const size_t made = length_of(before), ends = made == 0 ? sink_of(before) : 0;
		const bool behind = ends > 0 || (made > 0 && (made != length || base != step->in[k]));
		const size_t least = runs->level[base] + behind;
		level = least > level ? least : level;
	}
	return level;
}

/* Sorts the steps of a phase and marks its runs. */
static void order(struct runs *runs, size_t first, size_t count)
{
	struct layout *layout = runs->layout;
	struct step *step = layout->program->step + first;
	bool sorted = true;
	size_t levels = 0;
	runs->lengths = 0;
	for (size_t s = 0; s < count; s++) {
		const size_t made = length_of(&step[s]), length = made > 0 ? made : sink_of(&step[s]);
		const size_t level = level_of(runs, &step[s], first, length);
		runs->level[step[s].out] = level;
		levels = level >= levels ? level + 1 : levels;
		runs->sorting[s] =
			(struct sorting){ (uint64_t)level << LENGTH_BITS | length, (unsigned)s, rank_of(runs, length) };
		sorted &= s == 0 || runs->sorting[s - 1].place <= runs->sorting[s].place;
	}
	if (!sorted) {
		sort_places(runs, count, levels);
		memcpy(runs->copy, step, count * sizeof *step);
	}
	for (size_t s = 0; !sorted && s < count; s++) {
		step[s] = runs->copy[runs->sorting[s].at];
		step[s].tick = (unsigned)(first + s);
		layout->sort[step[s].out].step = (unsigned)(first + s);
	}
	for (size_t s = 0, end; s < count; s = end) {
		const struct sorting *at = &runs->sorting[s];
		for (end = s + 1; end < count && runs->sorting[end].place == at->place; end++) {
		}
		if (at->place << (64 - LENGTH_BITS) == 0 || end - s < 2) {
			continue;
		}
		step[s].run = step[end - 1].run_back = (unsigned)(end - s);
		runs->longest = end - s > runs->longest ? end - s : runs->longest;
		for (size_t i = s; i < end; i++) {
			step[i].tick = (unsigned)(first + s);
			step[i].fused = true;
		}
	}
}

/* Orders both phases. False: out of memory. */
static bool sort(struct runs *runs)
{
	const struct program *program = runs->layout->program;
	const size_t most = (program->before > program->after ? program->before : program->after) + 1;
	runs->sorting = malloc(most * sizeof *runs->sorting);
	runs->copy = malloc(most * sizeof *runs->copy);
	runs->other = (struct sorting *)(void *)runs->copy; /* before the steps are copied; smaller than those */
	_Static_assert(sizeof *runs->other <= sizeof *runs->copy, "one memory serves both");
	const bool made = runs->sorting != NULL && runs->copy != NULL;
	if (made) {
		order(runs, program->constants, program->before);
		order(runs, program->constants + program->before + program->middle, program->after);
	}
	free(runs->sorting);
	free(runs->copy);
	return made;
}

/* Values that others read: steps outside the run, views, and the caller. */
static void find_outside(struct runs *runs)
{
	const struct layout *layout = runs->layout;
	const struct program *program = layout->program;
	const size_t steps = program->constants + program->before + program->middle + program->after;
	for (size_t s = 0; s < steps; s++) {
		const struct step *step = &program->step[s];
		for (size_t k = 0; k < tensor_arity(step->op); k++) {
			const size_t base = layout->sort[step->in[k]].base;
			const unsigned made = layout->sort[base].step;
			runs->outside[base] |=
				base != step->in[k] || made == NONE || program->step[made].tick != step->tick;
		}
	}
	for (size_t k = 0; k < 2; k++) {
		const size_t node = k == 0 ? program->root : program->output;
		if (node != NODE_NONE) {
			runs->outside[layout->sort[node].base] = true;
		}
	}
}

/* Functions that are dearer than a number stored and read again. */
static bool is_costly(enum tensor_op op)
{
	/* clang-format off */
	switch ((int)op) {
	case TENSOR_neg: case TENSOR_square: case TENSOR_cube: case TENSOR_abs: case TENSOR_sign: case TENSOR_relu:
	case TENSOR_add: case TENSOR_sub: case TENSOR_mul: case TENSOR_div: case TENSOR_maximum: case TENSOR_minimum:
	case TENSOR_huber: case TENSOR_raised: case TENSOR_less: case TENSOR_less_equal: case TENSOR_where: case TENSOR_clip:
	case TENSOR_sqrt: case TENSOR_root:
		return false;
	default:
		return true;
	}
	/* clang-format on */
}

/* What is to be computed again on the way back, and what is stored. */
static void find_again(struct runs *runs, struct step *begin)
{
	struct step *end = begin + begin->run;
	bool wanted = false;
	for (struct step *step = begin; step < end; step++) {
		wanted |= step->wanted;
	}
	for (struct step *step = end; step-- > begin;) {
		const unsigned reads = step->wanted ? tensor_reads(step->op) : 0;
		step->run_wanted = wanted;
		runs->read[step->out] |= (reads & 8) != 0;
		if (runs->read[step->out] && !runs->outside[step->out] && is_costly(step->op)) {
			runs->outside[step->out] = true;
			step->stored = true;
		}
		step->again = runs->read[step->out] && !runs->outside[step->out];
		for (size_t k = 0; k < tensor_arity(step->op); k++) {
			runs->read[step->in[k]] |= step->again || (reads >> k & 1) != 0;
		}
	}
}

/* Strips for the values and gradients of a run that nobody outside needs. */
static bool give_strips(struct runs *runs, const struct step *begin)
{
	struct program *program = runs->layout->program;
	const size_t count = begin->run;
	size_t *strip = runs->level; /* not needed any more: [2 count] <= [2 nodes] */
	size_t items = 0, room = 0;
	bool overflow = false;
	for (size_t s = 0; s < count; s++) {
		const struct step *step = &begin[s];
		const bool inner = !runs->outside[step->out] && sink_of(step) == 0;
		const bool graded = sink_of(step) == 0 && step->wanted && (inner || step->stored);
		runs->place[step->out] = NONE;
		if (inner || graded) {
			const unsigned way_back = (unsigned)(2 * count - 1 - s);
			runs->place[step->out] = (unsigned)items;
			runs->item[items] = (struct lifetime){ (unsigned)s, step->again ? way_back : (unsigned)s, 1,
							       &strip[items] };
			runs->item[items + 1] = (struct lifetime){ way_back, way_back, 1, &strip[items + 1] };
			items += 2;
		}
	}
	for (size_t s = 0; s < count; s++) {
		for (size_t k = 0; k < tensor_arity(begin[s].op); k++) {
			const unsigned made = runs->layout->sort[begin[s].in[k]].step;
			const bool own = made != NONE && program->step[made].tick == begin->tick;
			const unsigned at = own ? runs->place[begin[s].in[k]] : NONE;
			const unsigned way_back = (unsigned)(2 * count - 1 - s);
			if (at != NONE && runs->item[at].end < s) {
				runs->item[at].end = (unsigned)s;
			}
			if (at != NONE && begin[s].wanted && runs->item[at + 1].start > way_back) {
				runs->item[at + 1].start = way_back;
			}
		}
	}
	if (!lifetimes_place(runs->item, items, 2 * count, &room, &overflow)) {
		return false;
	}
	for (size_t s = 0; s < count; s++) {
		const struct step *step = &begin[s];
		const unsigned at = runs->place[step->out];
		const bool inner = !runs->outside[step->out] && sink_of(step) == 0;
		if (at != NONE) {
			program->strip_value[step->out] = inner ? (unsigned)strip[at] : NONE;
			program->strip_gradient[step->out] = step->wanted ? (unsigned)strip[at + 1] : NONE;
		}
	}
	runs->registers = room > runs->registers ? room : runs->registers;
	return true;
}

/* The loop of a sum in a run. */
static const struct form *form_of_sink(struct program *program, const struct form *own, size_t length)
{
	struct form form = *own;
	form.walk = (struct walk){
		.dims = 1, .extent = { (uint32_t)(length / 2) }, .stride = { { 1 } }, .rowed = length % 2 != 0
	};
	return program_form(program, &form);
}

static bool fuse(struct runs *runs)
{
	struct program *program = runs->layout->program;
	const size_t begin[] = { program->constants, program->constants + program->before + program->middle };
	const size_t count[] = { program->before, program->after };
	runs->item = malloc((2 * runs->longest + 1) * sizeof *runs->item);
	if (runs->item == NULL) {
		return false;
	}
	find_outside(runs);
	for (size_t phase = 0; phase < 2; phase++) {
		struct step *step = program->step + begin[phase], *end = step + count[phase];
		for (; step<end; step += step->run> 0 ? step->run : 1) {
			if (step->run == 0) {
				continue;
			}
			for (struct step *sink = step; sink < step + step->run; sink++) {
				const size_t length = sink_of(sink);
				if (length > 0) {
					sink->form = form_of_sink(program, sink->form, length);
					sink->sum = sink->op == TENSOR_sum ? (unsigned)program->sums++ : sink->sum;
				}
			}
			const struct walk *walk = &step->form->walk;
			const size_t numbers = walk->rowed ? SIZE_MAX : walk->extent[0];
			runs->numbers = numbers > runs->numbers ? numbers : runs->numbers;
			find_again(runs, step);
			if (!give_strips(runs, step)) {
				return false;
			}
		}
	}
	return true;
}

bool layout_find_runs(struct layout *layout)
{
	struct program *program = layout->program;
	const size_t nodes = layout->graph->nodes + 1;
	struct runs runs = { .layout = layout };
	runs.level = calloc(2 * nodes, sizeof *runs.level);
	runs.place = calloc(nodes, sizeof *runs.place);
	runs.outside = calloc(2 * nodes, sizeof *runs.outside);
	runs.read = runs.outside == NULL ? NULL : runs.outside + nodes;
	bool made = runs.level != NULL && runs.place != NULL && runs.outside != NULL && sort(&runs) && fuse(&runs);
	if (made) {
		runs.registers = runs.registers == 0 ? 1 : runs.registers; /* a run may need no strip */
		size_t most = STRIP_BYTES / (runs.registers * program->element) / 16 * 16;
		program->strips = runs.registers;
		const size_t all = runs.numbers > STRIP_MOST ? STRIP_MOST : (runs.numbers + 15) / 16 * 16;
		most = most < STRIP_LEAST ? STRIP_LEAST : most > STRIP_MOST ? STRIP_MOST : most;
		program->strip_numbers = most > all ? all : most;
	}
	free(runs.level);
	free(runs.place);
	free(runs.outside);
	free(runs.item);
	return made;
}
