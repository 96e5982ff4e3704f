/*
 * Least squares by orthogonal factors, row by row: R and Q'b of a matrix that is never held whole.
 *
 *   [J | r] = Q [R | q]      R [n, n] upper triangular, q [n]
 *
 * The condition of J is not squared, as it would be in J'J.
 * Source: Golub and Van Loan 2013, Matrix computations, sections 5.1.8 and 6.5.3 (Givens rotations, adding a row).
 */
#ifndef CORE_SEARCH_SQUARES_H
#define CORE_SEARCH_SQUARES_H

#include <stdbool.h>
#include <stddef.h>

/* Turns row [n + 1], the last number being its right-hand side, into the factors r [n, n + 1], q being the last
 * column; both start at zero. row is lost: its last number becomes what no parameter explains. */
void squares_add(double *r, size_t n, double *row);
/* p [n] = -R^-1 q: the least |J p + r|. A parameter that J says nothing of (to rounding) stays 0; false if any. */
bool squares_solve(const double *r, size_t n, double *p);
/* z [n] with R'z = w (z may be w). Not for singular factors. */
void squares_solve_transposed(const double *r, size_t n, const double *w, double *z);
/* |J e_j|. */
double squares_column(const double *r, size_t n, size_t j);
/* deviation [n] = the roots of the diagonal of (R'R)^-1. Where J says nothing of a parameter, or of several together
 * (some J v = 0 in which it has a part), it is NAN; those of the others are as if one of each such group were held.
 * rounding: the least relative difference of numbers that J was computed in. r is lost. work: [2 n + 1]. Returns the
 * rank. Source: Seber 2008, A matrix handbook for statisticians, section 20.4 (estimable functions). */
size_t squares_deviations(double *r, size_t n, double rounding, double *work, double *deviation);

#endif
