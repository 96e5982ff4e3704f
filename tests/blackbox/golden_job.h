/* Golden cases as jobs: an optimizer by its golden words, a data set as inline data. See tests/data/golden/README.md.
 */
#ifndef TESTS_BLACKBOX_GOLDEN_JOB_H
#define TESTS_BLACKBOX_GOLDEN_JOB_H

#include <cjson/cJSON.h>
#include <stddef.h>

/* Puts "optimizer" into a job, from a golden one, in the words of the API; a decaying lr is the schedule
 * inverse_time. */
void golden_add_optimizer(cJSON *job, const cJSON *golden);

/* A golden data set, transformed as a training or an optimum asks. All members are kept. */
struct golden_data {
	size_t rows, features, targets;
	double *x; /* [rows, features] */
	double *y; /* [rows, targets] */
};
/* description: {"file", "rows" (optional), "inputs": standardised | scaled, "targets": class | y/y_std | standardised |
 * input}. */
void golden_data_read(const cJSON *description, struct golden_data *out);
/* Puts "dataset" into a job: inline, not standardised again; columns x0, x1, ..., targets y0, y1, ... */
void golden_add_data(cJSON *job, const struct golden_data *data);
/* Puts "training" into a job: full batch, in float64. */
void golden_add_training(cJSON *job, double steps);

#endif
