/*
 * How well a sum of squares is met where a run ended, and how sure its parameters are.
 *
 *   s^2 = sum r^2 / (m - n),   cov = s^2 (J'J)^-1,   m rows, n parameters, J the derivatives of the residuals r
 *
 * Source: Seber and Wild 2003, Nonlinear regression, section 2.1 (the linear approximation at the minimum).
 */
#ifndef CORE_TRAIN_FIT_H
#define CORE_TRAIN_FIT_H

#include "core/train/trainer.h"

struct fit {
	size_t n;
	uint64_t freedom; /* m - n */
	double squares;   /* sum r^2 */
	double deviation; /* s; NAN without freedom */
	double r2;        /* 1 - sum r^2 / sum (y - mean)^2; NAN where the data have not one target */
	double *error;    /* [n] standard errors; NAN where J'J is singular or there is no freedom */
};

/* Whether a fit is worth its time: rows and parameters few enough. */
bool fit_affordable(uint64_t rows, size_t n);
/* Of the trainer's residuals (trainer_setup.residual) at theta [n]. OK, E_CANCELLED, E_MEMORY. */
enum status trainer_fit(struct trainer *trainer, const void *theta, struct fit *out);
void fit_fini(struct fit *fit);

#endif
