#include "core/optim/optimizer.h"

#include <string.h>

#include "core/kernels/kernels.h"

struct pass {
	const struct optimizer *optimizer;
	const struct step *step;
	optimizer_piece *piece;
	size_t begin, end;
};

/* The table: one line an optimizer, the name of its file. */
#define OPTIMIZER_LIST(X, isa)                                                                                         \
	X(sgd, isa)                                                                                                    \
	X(heavy_ball, isa)                                                                                             \
	X(nesterov, isa)                                                                                               \
	X(ema_momentum, isa)                                                                                           \
	X(qhm, isa)                                                                                                    \
	X(fista, isa)                                                                                                  \
	X(sgdw, isa)                                                                                                   \
	X(signsgd, isa)                                                                                                \
	X(asgd, isa)                                                                                                   \
	X(adagrad, isa)                                                                                                \
	X(adadelta, isa)                                                                                               \
	X(rmsprop, isa)                                                                                                \
	X(adam, isa)                                                                                                   \
	X(adamw, isa)                                                                                                  \
	X(adamax, isa)                                                                                                 \
	X(nadam, isa)                                                                                                  \
	X(radam, isa)                                                                                                  \
	X(adabelief, isa)                                                                                              \
	X(yogi, isa)                                                                                                   \
	X(lion, isa)                                                                                                   \
	X(rprop, isa)                                                                                                  \
	X(adafactor, isa)                                                                                              \
	X(lars, isa)                                                                                                   \
	X(lamb, isa)                                                                                                   \
	X(muon, isa)                                                                                                   \
	X(schedule_free_sgd, isa)                                                                                      \
	X(schedule_free_adamw, isa)                                                                                    \
	X(dadapt_sgd, isa)                                                                                             \
	X(dadapt_adam, isa)                                                                                            \
	X(prodigy, isa)                                                                                                \
	X(dowg, isa)                                                                                                   \
	X(lbfgs, isa)                                                                                                  \
	X(lbfgsb, isa)                                                                                                 \
	X(levenberg_marquardt, isa)                                                                                    \
	X(newton, isa)                                                                                                 \
	X(newton_cg, isa)                                                                                              \
	X(normal_equations, isa)                                                                                       \
	X(coordinate_descent, isa)                                                                                     \
	X(svrg, isa)                                                                                                   \
	X(saga, isa)                                                                                                   \
	X(conjugate_gradient, isa)                                                                                     \
	X(steepest_descent, isa)                                                                                       \
	X(polyak, isa)                                                                                                 \
	X(barzilai_borwein, isa)                                                                                       \
	X(normalized_gradient, isa)                                                                                    \
	X(trust_region, isa)

#define DECLARE(name, isa)   extern const struct optimizer_type optimizer_##name##_##isa;
#define REFERENCE(name, isa) &optimizer_##name##_##isa,

OPTIMIZER_LIST(DECLARE, baseline)
OPTIMIZER_LIST(DECLARE, avx2)
OPTIMIZER_LIST(DECLARE, avx512)

/* In the order of kernels_isa_index(). */
static const struct optimizer_type *const baseline[] = { OPTIMIZER_LIST(REFERENCE, baseline) };
static const struct optimizer_type *const avx2[] = { OPTIMIZER_LIST(REFERENCE, avx2) };
static const struct optimizer_type *const avx512[] = { OPTIMIZER_LIST(REFERENCE, avx512) };
static const struct optimizer_type *const *const tables[] = { baseline, avx2, avx512 };

const size_t optimizer_type_count = sizeof baseline / sizeof baseline[0];

const struct optimizer_type *optimizer_at(size_t index)
{
	return index < optimizer_type_count ? tables[kernels_isa_index()][index] : NULL;
}

const struct optimizer_type *optimizer_find(const char *name)
{
	for (size_t i = 0; i < optimizer_type_count; i++) {
		if (strcmp(baseline[i]->name, name) == 0) {
			return optimizer_at(i);
		}
	}
	return NULL;
}

/* Pieces that a pass over n numbers may have. */
static size_t optimizer_pieces(size_t n)
{
	return n / OPTIMIZER_PIECE + (n % OPTIMIZER_PIECE != 0);
}

static void run_piece(void *context, size_t index, size_t slot)
{
	const struct pass *pass = context;
	const size_t begin = pass->begin + index * OPTIMIZER_PIECE;
	const size_t end = pass->end - begin < OPTIMIZER_PIECE ? pass->end : begin + OPTIMIZER_PIECE;
	double *sums = pass->optimizer->partial + index * OPTIMIZER_SUMS;

	(void)slot;
	memset(sums, 0, OPTIMIZER_SUMS * sizeof *sums);
	pass->piece(pass->optimizer, pass->step, begin, end, sums);
}

void optimizer_pass(const struct optimizer *optimizer, const struct step *step, optimizer_piece *piece, size_t begin,
		    size_t end, double sums[OPTIMIZER_SUMS])
{
	struct pass pass = { optimizer, step, piece, begin, end };
	const size_t pieces = optimizer_pieces(end - begin);

	if (end - begin >= OPTIMIZER_PARALLEL) {
		optimizer->executor->run(optimizer->executor, pieces, run_piece, &pass);
	} else {
		for (size_t p = 0; p < pieces; p++) {
			run_piece(&pass, p, 0);
		}
	}
	memset(sums, 0, OPTIMIZER_SUMS * sizeof *sums);
	for (size_t p = 0; p < pieces; p++) {
		for (size_t k = 0; k < OPTIMIZER_SUMS; k++) {
			sums[k] += optimizer->partial[p * OPTIMIZER_SUMS + k];
		}
	}
}

size_t optimizer_rate_index(const struct optimizer_type *type)
{
	size_t index = 0;
	while (index < type->setting_count && strcmp(type->settings[index].name, "learning_rate") != 0) {
		index++;
	}
	return index;
}

bool optimizer_has_decay(const struct optimizer_type *type)
{
	bool has = false;
	for (size_t i = 0; i < type->setting_count; i++) {
		has = has || strcmp(type->settings[i].name, "weight_decay") == 0;
	}
	return has;
}

unsigned optimizer_needs(const struct optimizer_type *type, const struct settings *settings)
{
	return type->needs != NULL ? type->needs(settings) : 0;
}

enum status optimizer_takes_l1(const struct optimizer_type *type, struct error *error)
{
	if (optimizer_is_proximal(type)) {
		return OK;
	}
	return error_set(error, E_INVALID,
			 "%s takes no l1: %s; use coordinate_descent (linear models), fista, lbfgs or adam, which give "
			 "exact zeros",
			 type->name, type->no_l1 != NULL ? type->no_l1 : "it needs derivatives, and l1 has none at 0");
}
