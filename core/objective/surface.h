/* An objective of two parameters as a surface: where to look, and what is there. For pictures of it. */
#ifndef CORE_OBJECTIVE_SURFACE_H
#define CORE_OBJECTIVE_SURFACE_H

#include "core/objective/objective.h"

struct surface_range {
	double low, high; /* low < high */
};

/* Coordinates beyond this are taken for those of a run that flew away: no range is made to show them. */
#define SURFACE_FAR 1e30

/* The range of each of the two coordinates: that of the points ([count, 2]; not finite and far ones left out), and a
 * quarter of its width more on either side. A coordinate that hardly moves gets the width of the other, two when
 * neither does. */
void surface_ranges(const double *points, size_t count, struct surface_range range[2]);

/* count values evenly spread over the range, both ends among them, each as a number of dtype. count >= 2 */
void surface_axis(const struct surface_range *range, size_t count, enum dtype dtype, double *out);

/* The objective at (theta[0], theta[1]) over the rows of `batch` (NULL where it has none), and its gradient (NULL: not
 * wanted). The objective has exactly two parameters. E_CANCELLED as evaluate(). */
enum status surface_at(struct objective *objective, const struct batch *batch, struct executor *executor,
		       const double theta[2], double *value, double gradient[2]);

#endif
