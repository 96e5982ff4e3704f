/*
 * The linear support-vector machine by its dual, exactly: min over w, b of mean max(0, 1 - s_i z_i) + l2/2 |w|^2.
 *
 *   w = 1/l2 sum a_i s_i x_i,   0 <= a_i <= 1/n,   and sum a_i s_i = 0 where there is an intercept without penalty
 *
 * Without that sum each a_i in turn goes to its minimum (dual coordinate descent); with it two at a time, the pair that
 * gains most (sequential minimal optimisation). A sweep is as many of such moves as there are rows. Sources: Hsieh et
 * al. 2008, algorithm 1; Platt 1998; Fan, Chen and Lin 2005, WSS 2.
 */
#ifndef CORE_LINEAR_MARGIN_H
#define CORE_LINEAR_MARGIN_H

#include "core/linear/linear.h"

/* a [rows] moves by one sweep; t [p] = w, b that belong to it. OK, or E_CANCELLED with a as it was. */
enum status margin_sweep(const struct linear_view *view, double *a, double *t, double *room);
/* Doubles of room for n parameters and so many rows; SIZE_MAX: too many. */
size_t margin_room(size_t n, size_t rows);

#endif
