/*
 * The same surface as arrays for numpy.load(): parameters, x, y, values as numpy's contour(x, y, values) wants them,
 * rows [used, total], minimum [x, y, value], and the columns of the path, path.gradient and path.direction as [count,
 * 2]. What is null in JSON is NaN, or the infinity that it was.
 */
#include <math.h>

#include "api/npz.h"
#include "api/surface.h"

/* Of length 1 each, as JSON's `direction`. */
static void directions(const struct surface_view *view, struct npz *npz)
{
	const size_t extent[] = { view->count, 2 };
	npz_open(npz, "path.direction", "<f8", 2, extent);
	for (size_t i = 0; i < view->count; i++) {
		double pair[2];
		if (!surface_direction(view->gradient + 2 * i, pair)) {
			pair[0] = pair[1] = (double)NAN;
		}
		text_add(npz->out, (const char *)pair, sizeof pair);
	}
	npz_close(npz);
}

static void magnitudes(const struct surface_view *view, struct npz *npz)
{
	npz_open(npz, "path.magnitude", "<f8", 1, &view->count);
	for (size_t i = 0; i < view->count; i++) {
		const double size = hypot(view->gradient[2 * i], view->gradient[2 * i + 1]);
		text_add(npz->out, (const char *)&size, sizeof size);
	}
	npz_close(npz);
}

void surface_render_npz(const struct surface_view *view, struct text *out)
{
	char name[2][SURFACE_NAME];
	const size_t least = surface_least(view);
	const bool none = least == view->rows * view->columns;
	const double minimum[3] = {
		none ? (double)NAN : view->axis[0][least % view->columns],
		none ? (double)NAN : view->axis[1][least / view->columns],
		none ? (double)NAN : view->values[least],
	};
	const uint64_t total = view->path_total;
	struct npz npz;
	npz_begin(&npz, out);
	surface_name(view, 0, name[0]);
	surface_name(view, 1, name[1]);
	npz_strings(&npz, "parameters", (const char *const[]){ name[0], name[1] }, 2);
	npz_doubles(&npz, "x", view->axis[0], view->columns, 1);
	npz_doubles(&npz, "y", view->axis[1], view->rows, 1);
	npz_integers(&npz, "rows", (const uint64_t[]){ view->rows_used, view->rows_total }, 2);
	npz_matrix(&npz, "values", view->values, view->rows, view->columns);
	npz_doubles(&npz, "minimum", minimum, 3, 1);
	npz_integers(&npz, "path.step", view->step, view->count);
	npz_doubles(&npz, "path.x", view->point, view->count, 2);
	npz_doubles(&npz, "path.y", view->point + 1, view->count, 2);
	npz_doubles(&npz, "path.value", view->path_values, view->count, 1);
	npz_matrix(&npz, "path.gradient", view->gradient, view->count, 2);
	directions(view, &npz);
	magnitudes(view, &npz);
	npz_integers(&npz, "path.points_total", &total, 1);
	npz_end(&npz);
}
