/*
 * A certificate: what can be proven or measured of the parameters that a run ended with.
 *
 *   gradient norm    |grad f| over all rows
 *   duality gap      F(w) - D(u) >= F(w) - min F, for linear models with a penalty (duality.c)
 *   closed form      the distance to the solution of least squares, and how much higher F is here (closed_form.c)
 *   rate             how fast the last part of the way went down (rate.c)
 *   curvature        the ends of the Hessian's spectrum, and the largest stable rate 2 / lambda_max (curvature.c)
 *
 * Invariants
 *  1. It costs at most CERTIFICATE_FREE numbers touched plus an eighth of what the training touched; what does not fit
 * is left out (NAN), or measured on every k-th row where that is an estimate anyway (curvature).
 *  2. Bits depend on the parameters, the data and the counts of the run; not on the executor.
 *  3. Of what is minimised: under `maximize` that is -f.
 */
#ifndef CORE_CERTIFICATE_CERTIFICATE_H
#define CORE_CERTIFICATE_CERTIFICATE_H

#include "core/model/model.h"
#include "core/train/trainer.h"

enum { CERTIFICATE_FREE = 8 << 20 };

enum rate_kind { RATE_UNKNOWN, RATE_LINEAR, RATE_SUBLINEAR };

/* How fast the gradient's norm (or the loss above its limit) went to 0 from one step to another. */
struct convergence {
	enum rate_kind kind;
	double factor; /* RATE_LINEAR: what remains after a step; 1 and more: it does not converge */
	double order;  /* RATE_SUBLINEAR: |g| ~ step^-order */
	uint64_t from, to;
};

/* NAN: not known, too costly, or there is no such thing. */
struct certificate {
	double gradient_norm;
	double duality_gap, dual_value; /* gap >= F - min F; the dual value is a lower bound of min F */
	double closed_form_distance;    /* |theta - theta*| */
	double closed_form_gap;         /* F(theta) - F(theta*) */
	struct convergence convergence;
	double lambda_max, lambda_min; /* Ritz values: lambda_max from below, lambda_min from above */
	double stable_rate;            /* 2 / lambda_max */
	double condition;              /* lambda_max / lambda_min, where that is positive */
	uint64_t products;             /* products with the Hessian that were made */
	uint64_t curvature_rows;       /* over how many rows; 0: all (or there are none) */
	bool at_best;                  /* of the best parameters: the last are not finite */
};

struct certificate_request {
	const struct train_config *config;
	const struct model_config *model; /* NULL: nothing is known but the objective */
	struct objective *objective;
	const struct data_view *training; /* NULL without rows */
	const void *theta, *best;         /* [n]; best may be NULL */
	struct executor *executor;
	struct trainer_progress progress;
	const struct trace_sample *trace; /* [traced] */
	size_t traced;
	bool known_only; /* no pass is to be made: what is known already */
};

/* OK, E_CANCELLED, E_MEMORY. A diverged run is certified at its best parameters, without what only an end has. */
enum status certify(const struct certificate_request *request, struct certificate *out);
/* Bytes that certify() takes at most; E_TOO_LARGE. features: of the data (0: none); outputs: columns (0: none). */
enum status certificate_measure(const struct model_config *model, size_t n, size_t features, size_t outputs,
				uint64_t rows, size_t *bytes);

#endif
