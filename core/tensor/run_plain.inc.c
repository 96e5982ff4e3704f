/*
 * Part of run.inc.c: steps on plain memory, slot 0, forward and backward: scalars, fused runs in strips, all others.
 * Before each strip and each step that is no scalar the executor is asked whether to go on.
 */
/* A number computed of numbers. */
static inline void NAME(scalar_forward)(const struct step *step, REAL *m)
{
	const REAL a = m[step->at[0]], b = m[step->at[1]], c = m[step->at[2]];
	REAL *y = &m[step->at[3]];
	(void)c;
	switch ((int)step->op) {
#define CASE(name, arity, value, da, db, dc)                                                                           \
	case TENSOR_##name:                                                                                            \
		*y = ELEMENT_VALUE(name, value);                                                                       \
		break;
		ELEMENTS(CASE)
#undef CASE
	default:
		assert(false);
	}
}

static inline void NAME(scalar_reverse)(const struct step *step, const REAL *m, REAL *g)
{
	const REAL a = m[step->at[0]], b = m[step->at[1]], c = m[step->at[2]], y = m[step->at[3]];
	const REAL d = g[step->at[3]];
	const unsigned wants = step->wants;
	(void)c, (void)y;
	if (d == 0) { /* as in element.inc.c */
		return;
	}
	switch ((int)step->op) {
#define CASE(name, arity, value, da, db, dc)                                                                           \
	case TENSOR_##name:                                                                                            \
		if (wants & 1) {                                                                                       \
			g[step->at[0]] += d * (da);                                                                    \
		}                                                                                                      \
		if (arity > 1 && wants & 2) {                                                                          \
			g[step->at[1]] += d * (db);                                                                    \
		}                                                                                                      \
		if (arity > 2 && wants & 4) {                                                                          \
			g[step->at[2]] += d * (dc);                                                                    \
		}                                                                                                      \
		break;
		ELEMENTS(CASE)
#undef CASE
	default:
		assert(false);
	}
}

static inline bool NAME(stopped)(const struct executor *executor)
{
	return executor != NULL && executor_stopped(executor);
}

/* --- fused runs (runs.c), on slot 0 --- */

static REAL *NAME(strip)(const struct program *program, unsigned strip)
{
	return (REAL *)(void *)program->strip + strip * program->strip_numbers;
}

/* The operands of a step at the numbers from `at` on. */
static void NAME(bind_strip)(const struct program *program, const struct step *step, size_t at,
			     struct tensor_call *call)
{
	const struct program_slot *slot = &program->slot[0];
	const unsigned *value = program->strip_value, *gradient = program->strip_gradient;
	call->step = step;
	for (size_t k = 0; k < 3; k++) {
		const unsigned in = step->in[k];
		const size_t from = at * step->form->walk.stride[k][0];
		call->in[k] = call->d_in[k] = NULL;
		if (k >= tensor_arity(step->op)) {
			continue;
		}
		call->in[k] =
			value[in] != UINT32_MAX ? NAME(strip)(program, value[in]) : (REAL *)slot->value[in] + from;
		if ((step->wants >> k & 1) != 0) {
			call->d_in[k] = gradient[in] != UINT32_MAX ? NAME(strip)(program, gradient[in])
								   : (REAL *)slot->gradient[in] + from;
		}
	}
	const size_t from = at * step->form->walk.stride[3][0];
	const unsigned out = step->out;
	call->out = value[out] != UINT32_MAX ? NAME(strip)(program, value[out]) : (REAL *)slot->value[out] + from;
	call->d_out = gradient[out] != UINT32_MAX ? NAME(strip)(program, gradient[out])
		      : step->wanted              ? (REAL *)slot->gradient[out] + from
						  : NULL;
}

/* One step on one strip. A sum goes as one over the rows, of a number each. */
static void NAME(strip_step)(const struct step *step, size_t at, struct tensor_call *call, bool back)
{
	static const struct form form;
	static const struct step sum = { .op = TENSOR_SUM_ROWS, .form = &form };
	const struct program *program = call->program;
	const bool sink = !tensor_is_element(step->op);
	struct tensor_call part = *call;
	NAME(bind_strip)(program, step, at, &part);
	if (back) {
		NAME(clear_first)(&part);
	}
	if (sink) {
		part.step = &sum;
		part.rows = call->count;
		part.out = NULL;
		part.sum = NAME(sums)(program, 0) + step->sum;
		part.scale = step->op == TENSOR_sum ? 1 : call->scale;
		if (step->op == TENSOR_MEAN_ROWS) {
			part.scale = 1 / (double)call->rows;
		}
	}
	if (back) {
		program->operations->NAME(reverse)(&part);
	} else {
		program->operations->NAME(forward)(&part);
	}
}

/* The run that begins at `begin`, forward or, with what it needs of that again, backward. False: stopped. */
static bool NAME(run_strips)(struct program *program, const struct executor *executor, const struct step *begin,
			     size_t rows, double share, bool back)
{
	const struct step *end = begin + begin->run;
	const size_t n = begin->form->walk.extent[0] * (begin->form->walk.rowed ? rows : 1),
		     most = program->strip_numbers;
	struct tensor_call call = { .program = program, .rows = rows, .scale = share };
	REAL *m = (REAL *)(void *)program->plain;
	for (const struct step *step = begin; step < end; step++) {
		if (!back && !tensor_is_element(step->op)) {
			NAME(sums)(program, 0)[step->sum] = 0;
		}
	}
	for (size_t at = 0; at < n; at += most) {
		if (NAME(stopped)(executor)) {
			return false;
		}
		call.count = n - at < most ? n - at : most;
		for (const struct step *step = begin; step < end; step++) {
			if (!back || step->again) {
				NAME(strip_step)(step, at, &call, false);
			}
		}
		for (const struct step *step = end; back && step-- > begin;) {
			if (step->wanted) {
				NAME(strip_step)(step, at, &call, true);
			}
		}
	}
	for (const struct step *step = begin; step < end; step++) {
		if (!back && !tensor_is_element(step->op)) {
			const double scale = step->op == TENSOR_sum         ? 1
					     : step->op == TENSOR_MEAN_ROWS ? 1 / (double)rows
									    : share;
			m[step->at[3]] = (REAL)(NAME(sums)(program, 0)[step->sum] * scale);
		}
	}
	return true;
}

/* Forward through the steps [begin, end), on slot 0. executor NULL: nobody stops it. False: stopped. */
static bool NAME(run_plain)(struct program *program, const struct executor *executor, size_t begin, size_t end,
			    size_t rows, double share)
{
	REAL *m = (REAL *)(void *)program->plain;
	for (const struct step *step = program->step + begin; step < program->step + end; step++) {
		if (step->scalar) {
			NAME(scalar_forward)(step, m);
			continue;
		}
		if (step->run > 0 && step + step->run <= program->step + end) {
			if (!NAME(run_strips)(program, executor, step, rows, share, false)) {
				return false;
			}
			step += step->run - 1;
			continue;
		}
		if (NAME(stopped)(executor)) {
			return false;
		}
		struct tensor_call call = { .program = program, .rows = rows };
		NAME(bind)(&program->slot[0], step, &call);
		const bool weighs = step->op == TENSOR_WEIGHT_ROWS;
		if (step->op == TENSOR_SUM_ROWS || step->op == TENSOR_MEAN_ROWS || weighs) {
			call.sum = NAME(sums)(program, 0) + step->sum;
			memset(call.sum, 0, shape_size(&step->form->shape[3]) * sizeof(WIDE));
			call.scale = step->op == TENSOR_SUM_ROWS ? share : 1 / (double)rows;
		}
		program->operations->NAME(forward)(&call);
		if (weighs && m[step->at[3]] == 0) { /* as mean_weight has it */
			m[step->at[3]] = (REAL)INFINITY;
		}
	}
	return true;
}

/* Backward through them. */
static bool NAME(reverse_plain)(struct program *program, const struct executor *executor, size_t begin, size_t end,
				size_t rows, double share)
{
	const REAL *m = (const REAL *)(const void *)program->plain;
	REAL *g = (REAL *)(void *)program->gradient;
	for (const struct step *step = program->step + end; step-- > program->step + begin;) {
		if (step->run_back > 0) {
			step -= step->run_back - 1;
			if (step->run_wanted && !NAME(run_strips)(program, executor, step, rows, share, true)) {
				return false;
			}
			continue;
		}
		if (!step->wanted) {
			continue;
		}
		if (step->scalar) {
			NAME(scalar_reverse)(step, m, g);
			continue;
		}
		if (NAME(stopped)(executor)) {
			return false;
		}
		struct tensor_call call = { .program = program, .rows = rows };
		NAME(bind)(&program->slot[0], step, &call);
		call.scale = step->op == TENSOR_MEAN_ROWS ? 1 / (double)rows : share;
		NAME(clear_first)(&call);
		program->operations->NAME(reverse)(&call);
	}
	return true;
}
