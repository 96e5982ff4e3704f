/* The surface of a job of two parameters as it is answered: GET /v1/jobs/{id}/surface. */
#ifndef API_SURFACE_H
#define API_SURFACE_H

#include <stddef.h>
#include <stdint.h>

#include "api/text.h"
#include "core/objective/objective.h"

/* What a grid may have of points; of its path at most so many are shown. */
enum { SURFACE_POINTS_MIN = 10000, SURFACE_POINTS_MAX = 1000000, SURFACE_PATH_MAX = 10000 };

struct surface_view {
	const char *job_id;
	const struct tensor *tensor; /* that the two parameters are of: one tensor of two numbers or two of one */
	size_t tensors;
	size_t columns, rows;         /* of the grid */
	const double *axis[2];        /* [columns] and [rows] */
	const double *values;         /* [rows, columns] */
	size_t rows_used, rows_total; /* of the data: evenly spread ones of all; 0: it has none */
	bool recorded;                /* the path is that of the curve; false: its start and its end alone */
	size_t path_total;            /* points that the path has, of which `count` are shown */
	size_t count;
	const uint64_t *step;      /* [count] */
	const double *point;       /* [count, 2] */
	const double *path_values; /* [count] */
	const double *gradient;    /* [count, 2] */
};
/* Bytes that a grid and its text take at most. */
uint64_t surface_memory(size_t points);
void surface_render(const struct surface_view *view, struct text *out);
void surface_render_npz(const struct surface_view *view, struct text *out); /* surface_npz.c */

/* What both forms say. "bias", or "x[1]" where its tensor has two numbers: */
enum { SURFACE_NAME = 80 };
void surface_name(const struct surface_view *view, size_t k, char name[SURFACE_NAME]);
/* Index of the lowest finite value; rows * columns when there is none. */
size_t surface_least(const struct surface_view *view);
/* gradient / |gradient|; false where it is 0 or not finite. */
bool surface_direction(const double gradient[2], double unit[2]);

#endif
