/*
 * Mean, spread and range of a stream of numbers, stable and deterministic: the same numbers in the same
 * portions give the same bits. All terms are taken relative to the first number, so a constant column has a
 * spread of exactly 0.
 */
#ifndef SERVER_DATASET_MOMENTS_H
#define SERVER_DATASET_MOMENTS_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed: nothing seen. */
struct moments {
	uint64_t count;
	double minimum, maximum;
	double shift; /* the first number */
	double mean;  /* of x - shift */
	double m2;    /* sum of (x - shift - mean)^2 */
};

/* Takes in x[0..n). Within the portion two passes; portions are joined by Chan, Golub, LeVeque 1979, eq. 2.1. */
void moments_add(struct moments *moments, const double *x, size_t n);
double moments_mean(const struct moments *moments);
/* sqrt(m2 / count): the divisor is n. */
double moments_sd(const struct moments *moments);

#endif
