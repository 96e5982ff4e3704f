/* Cholesky's factors of a dense symmetric matrix, row-major [n, n], of which the lower triangle is read. */
#ifndef CORE_LINEAR_CHOLESKY_H
#define CORE_LINEAR_CHOLESKY_H

#include <stdbool.h>
#include <stddef.h>

/* L with L L' = h + tau I in the lower triangle of l [n, n]; false where that is not positive definite. */
bool cholesky_factor(const double *h, double tau, size_t n, double *l);
/* b = (L L')^-1 b. */
void cholesky_solve(const double *l, size_t n, double *b);
/* A lower bound of the condition of L L': the square of the ratio of its largest and smallest pivot. */
double cholesky_condition(const double *l, size_t n);

#endif
