/*
 * How well a sum of squares is met where a run ended, and how sure its parameters are.
 *
 *   s^2 = sum r^2 / (m - k),   cov = s^2 (J'J)^-1,   m rows, J [m, n] the derivatives of the residuals r, k its rank
 *
 * Where J says nothing of some parameters, those have no error; the others' are as if these were known.
 *
 * Source: Seber and Wild 2003, Nonlinear regression, section 2.1 (the linear approximation at the minimum).
 */
#ifndef CORE_TRAIN_FIT_H
#define CORE_TRAIN_FIT_H

#include "core/train/trainer.h"

struct fit {
	size_t n;
	uint64_t freedom; /* m - k */
	double squares;   /* sum r^2 */
	double deviation; /* s; NAN without freedom */
	double r2; /* 1 - sum r^2 / sum w (u - mean)^2, u being what was observed, the target mostly; NAN: nothing */
	double *error; /* [n] standard errors; NAN where the rows do not tell, a bound holds, or there is no freedom */
	bool *unknown; /* [n] the rows do not tell it, or it and others together */
};

/* Whether a fit is worth its time: rows and parameters few enough. */
bool fit_affordable(uint64_t rows, size_t n);
/* Of the trainer's residuals (trainer_setup.residual) at theta [n]. OK, E_CANCELLED, E_MEMORY. */
enum status trainer_fit(struct trainer *trainer, const void *theta, struct fit *out);
void fit_fini(struct fit *fit);

#endif
