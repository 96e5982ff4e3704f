/* The rows of a golden data set, transformed as a training or an optimum asks (tests/data/golden/README.md). */
#ifndef TESTS_CORE_GOLDEN_ROWS_H
#define TESTS_CORE_GOLDEN_ROWS_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/core/modelling.h"
#include "tests/support/golden.h"

struct golden_rows {
	double *x, *y;
	int32_t *label;
	struct model_shape shape;
	struct data_view view; /* of the arrays above */
};

static inline void golden_rows_free(struct golden_rows *self)
{
	free(self->x);
	free(self->y);
	free(self->label);
}

/* "standardised": (x - mean)/std; "scaled": x/16. */
static inline void golden_rows_inputs(struct golden_rows *self, const cJSON *file, const char *how)
{
	const size_t columns = self->shape.features;
	const bool standardised = strcmp(how, "standardised") == 0;
	double *mean = standardised ? golden_array(file, "mean", NULL) : NULL;
	double *std = standardised ? golden_array(file, "std", NULL) : NULL;
	ck_assert(standardised || strcmp(how, "scaled") == 0);
	for (size_t i = 0; i < self->view.rows * columns; i++) {
		const size_t c = i % columns;
		self->x[i] = standardised ? (self->x[i] - mean[c]) / std[c] : self->x[i] / 16;
	}
	free(mean);
	free(std);
}

/* Classes ("class", also as -1 and 1), the inputs ("input"), or a number: as stored, divided, standardised. */
static inline void golden_rows_targets(struct golden_rows *self, const cJSON *file, const char *how)
{
	const bool standardised = strcmp(how, "standardised") == 0;
	const double centre = standardised ? golden_number(file, "y_mean") : 0;
	const double scale = standardised || strcmp(how, "y/y_std") == 0 ? golden_number(file, "y_std") : 1;
	double largest = 0;
	for (size_t i = 0; i < self->view.rows; i++) {
		self->label[i] = (int32_t)self->y[i];
		largest = fmax(largest, self->y[i]);
		self->y[i] = (self->y[i] - centre) / scale;
	}
	if (strncmp(how, "class", 5) == 0) {
		self->shape.classes = self->view.classes = (size_t)largest + 1;
		self->view.label = self->label;
		return;
	}
	const bool input = strcmp(how, "input") == 0;
	self->shape.targets = self->view.targets = input ? self->shape.features : 1;
	self->view.y = input ? self->x : self->y;
}

/* description: {"file", "rows" (optional), "inputs", "targets"}. The view points into *self. */
static inline void golden_rows_read(struct golden_rows *self, const cJSON *description)
{
	const char *slash = strrchr(golden_string(description, "file"), '/');
	char path[128];
	size_t rows, columns, n;
	snprintf(path, sizeof path, "golden/trainings/%s",
		 slash != NULL ? slash + 1 : golden_string(description, "file"));
	cJSON *file = golden_load(path);
	memset(self, 0, sizeof *self);
	self->x = golden_matrix(file, "X", &rows, &columns);
	self->y = golden_array(file, "y", &n);
	self->label = calloc(n, sizeof *self->label);
	rows = (size_t)golden_number_or(description, "rows", (double)rows);
	self->shape = (struct model_shape){ .features = columns };
	self->view = (struct data_view){ .dtype = DTYPE_FLOAT64, .rows = rows, .features = columns, .x = self->x };
	golden_rows_inputs(self, file, golden_string(description, "inputs"));
	golden_rows_targets(self, file, golden_string(description, "targets"));
	cJSON_Delete(file);
}

#endif
