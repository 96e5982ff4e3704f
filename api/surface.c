/*
 * {"job_id", "x": {"parameter", "values"}, "y": ..., "rows": {"used", "total"}, "values": [[...]], "minimum",
 *  "nonfinite", "path": {...}}
 *
 * values[i][j] is the objective at x.values[j], y.values[i], as contour plots want it (numpy's meshgrid). Numbers that
 * are not finite are null; how many there are of which kind is said in `nonfinite`.
 */
#include "api/surface.h"

#include <math.h>
#include <stdio.h>

enum { NUMBER_TEXT = 26 }; /* -1.2345678901234567e-308, a comma */

uint64_t surface_memory(size_t points)
{
	/* The text grows by doubling and is copied then: three times its length. The path's arrays and text likewise.
	 */
	return (uint64_t)points * (sizeof(double) + 3 * NUMBER_TEXT) +
	       (uint64_t)SURFACE_PATH_MAX * (7 * sizeof(double) + 3 * 9 * NUMBER_TEXT);
}

static void numbers_render(const double *value, size_t count, size_t stride, struct text *out)
{
	text_puts(out, "[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0) {
			text_puts(out, ",");
		}
		text_json_double(out, value[i * stride]);
	}
	text_puts(out, "]");
}

void surface_name(const struct surface_view *view, size_t k, char name[SURFACE_NAME])
{
	if (view->tensors == 1) {
		snprintf(name, SURFACE_NAME, "%s[%zu]", view->tensor[0].name, k);
	} else {
		snprintf(name, SURFACE_NAME, "%s", view->tensor[k].name);
	}
}

size_t surface_least(const struct surface_view *view)
{
	const size_t points = view->rows * view->columns;
	size_t least = points;
	for (size_t i = 0; i < points; i++) {
		if (isfinite(view->values[i]) && (least == points || view->values[i] < view->values[least])) {
			least = i;
		}
	}
	return least;
}

bool surface_direction(const double gradient[2], double unit[2])
{
	const double size = hypot(gradient[0], gradient[1]);
	unit[0] = gradient[0] / size;
	unit[1] = gradient[1] / size;
	return size > 0 && isfinite(size);
}

static void axis_render(const struct surface_view *view, size_t k, struct text *out)
{
	char name[SURFACE_NAME];
	text_puts(out, k == 0 ? ",\"x\":{\"parameter\":" : ",\"y\":{\"parameter\":");
	surface_name(view, k, name);
	text_json_string(out, name);
	text_puts(out, ",\"values\":");
	numbers_render(view->axis[k], k == 0 ? view->columns : view->rows, 1, out);
	text_puts(out, "}");
}

/* The lowest point of the grid (null when none is finite), and what is not finite. */
static void summary_render(const struct surface_view *view, struct text *out)
{
	const size_t points = view->rows * view->columns, least = surface_least(view);
	size_t nan = 0, above = 0, below = 0;
	for (size_t i = 0; i < points; i++) {
		const double value = view->values[i];
		nan += isnan(value) ? 1 : 0;
		above += isinf(value) && value > 0 ? 1 : 0;
		below += isinf(value) && value < 0 ? 1 : 0;
	}
	text_puts(out, ",\"minimum\":");
	if (least == points) {
		text_puts(out, "null");
	} else {
		text_puts(out, "{\"x\":");
		text_json_double(out, view->axis[0][least % view->columns]);
		text_puts(out, ",\"y\":");
		text_json_double(out, view->axis[1][least / view->columns]);
		text_puts(out, ",\"value\":");
		text_json_double(out, view->values[least]);
		text_puts(out, "}");
	}
	text_printf(out, ",\"nonfinite\":{\"NaN\":%zu,\"Infinity\":%zu,\"-Infinity\":%zu}", nan, above, below);
}

/* Pairs [[a, b], ...]; as unit vectors: null where there is no direction. */
static void pairs_render(const struct surface_view *view, bool unit, struct text *out)
{
	text_puts(out, "[");
	for (size_t i = 0; i < view->count; i++) {
		const double *gradient = view->gradient + 2 * i;
		double direction[2];
		text_puts(out, i > 0 ? "," : "");
		if (unit && !surface_direction(gradient, direction)) {
			text_puts(out, "null");
		} else {
			numbers_render(unit ? direction : gradient, 2, 1, out);
		}
	}
	text_puts(out, "]");
}

static void path_render(const struct surface_view *view, struct text *out)
{
	text_printf(out, ",\"path\":{\"recorded\":%s,\"points_total\":%zu,\"thinned\":%s,\"step\":[",
		    view->recorded ? "true" : "false", view->path_total,
		    view->count < view->path_total ? "true" : "false");
	for (size_t i = 0; i < view->count; i++) {
		text_puts(out, i > 0 ? "," : "");
		text_json_uint(out, view->step[i]);
	}
	text_puts(out, "],\"x\":");
	numbers_render(view->point, view->count, 2, out);
	text_puts(out, ",\"y\":");
	numbers_render(view->point + 1, view->count, 2, out);
	text_puts(out, ",\"value\":");
	numbers_render(view->path_values, view->count, 1, out);
	text_puts(out, ",\"gradient\":");
	pairs_render(view, false, out);
	text_puts(out, ",\"direction\":");
	pairs_render(view, true, out);
	text_puts(out, ",\"magnitude\":[");
	for (size_t i = 0; i < view->count; i++) {
		text_puts(out, i > 0 ? "," : "");
		text_json_double(out, hypot(view->gradient[2 * i], view->gradient[2 * i + 1]));
	}
	text_puts(out, "]}");
}

void surface_render(const struct surface_view *view, struct text *out)
{
	text_puts(out, "{\"job_id\":");
	text_json_string(out, view->job_id);
	axis_render(view, 0, out);
	axis_render(view, 1, out);
	if (view->rows_total > 0) {
		text_printf(out, ",\"rows\":{\"used\":%zu,\"total\":%zu}", view->rows_used, view->rows_total);
	} else {
		text_puts(out, ",\"rows\":null");
	}
	text_puts(out, ",\"values\":[");
	for (size_t i = 0; i < view->rows; i++) {
		text_puts(out, i > 0 ? "," : "");
		numbers_render(view->values + i * view->columns, view->columns, 1, out);
	}
	text_puts(out, "]");
	summary_render(view, out);
	path_render(view, out);
	text_puts(out, "}");
}
