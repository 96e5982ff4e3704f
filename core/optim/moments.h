/*
 * What adam and its kin have alike: two moments of the gradient, the shares of them that are kept, their settings.
 * Their step along the soft threshold: moments.inc.c.
 */
#ifndef CORE_OPTIM_MOMENTS_H
#define CORE_OPTIM_MOMENTS_H

#include "core/optim/define.h"

static const double moment_betas[] = { 0.9, 0.999 };
#define SETTING_MOMENTS SETTING_BETAS(moment_betas, "Shares of the first and second moment that are kept.")

/* A slot for each. */
static inline size_t two_moments(const struct settings *s)
{
	(void)s;
	return 2;
}

/* The coefficients BETA1, REST1, BETA2, REST2, which follow one another: what is kept of a moment, what is added. */
static inline void share_moments(double coefficient[4], const double beta[2])
{
	for (size_t k = 0; k < 2; k++) {
		coefficient[2 * k] = beta[k];
		coefficient[2 * k + 1] = 1 - beta[k];
	}
}

#endif
