/*
 * The gradients of a linear model row by row: that of row i is slope_i x_i', so m numbers a row hold it.
 *
 *   sum = sum over the rows of a batch of x_i (new slope_i - table_i)',   table_i = new slope_i
 */
#ifndef CORE_LINEAR_TABLE_H
#define CORE_LINEAR_TABLE_H

#include "core/linear/linear.h"

/* sum [p, m], table [rows, m]; batch: rows of the view's data. A row that is there twice counts once. OK, or
 * E_CANCELLED, when part of the table is new. */
enum status table_update(const struct linear_view *view, const struct batch *batch, const void *theta, double *table,
			 double *sum, double *room);
size_t table_room(size_t n);

/* L: the most that the gradient of one row's loss, l2 with it, changes along a unit step; INFINITY: no bound. Source:
 * Schmidt, Le Roux and Bach 2017, section 4.5. OK or E_CANCELLED. */
enum status table_steepest(const struct linear_view *view, double *steepest, double *room);

#endif
