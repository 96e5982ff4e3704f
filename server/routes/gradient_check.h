/*
 * "gradient_check": true in a dry run: the job's data and model are made as for training, but in float64, and the
 * gradient at the initial parameters is held against differences of values (core/objective/gradient_check.h), over the
 * first rows and over some elements of each parameter: as many as keep it in seconds.
 */
#ifndef SERVER_ROUTES_GRADIENT_CHECK_H
#define SERVER_ROUTES_GRADIENT_CHECK_H

#include "server/dataset/table.h"
#include "server/service.h"

/* Bytes that it takes, to be reserved before. */
uint64_t gradient_check_memory(const struct job_spec *spec);
/* spec: turned to float64. table: of inline or generated data, or NULL: the dataset that the spec names is opened.
 * initial: weights of another job to start from, n of them, or NULL. out: to be released with gradient_report_fini
 * after a failure too. E_CANCELLED when stop was set. */
enum status gradient_check_job(struct service *service, struct job_spec *spec, const struct table *table,
			       const double *initial, size_t initial_count, const atomic_bool *stop,
			       struct gradient_report *out, struct error *error);

#endif
