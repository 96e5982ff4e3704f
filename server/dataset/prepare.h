/*
 * Preparing the data of a job: from a stored table to what core sees (core/data/view.h): the chosen
 * columns, row-major, in the job's precision, split, standardised by the training rows' statistics,
 * classes as indices. One contiguous block for X (mapped anonymous memory with huge pages where large).
 */
#ifndef SERVER_DATASET_PREPARE_H
#define SERVER_DATASET_PREPARE_H

#include <stdatomic.h>

#include "api/job_spec.h"
#include "core/base/error.h"
#include "core/data/view.h"
#include "server/dataset/table.h"

struct prepared {
	struct data_view training;
	struct data_view validation; /* rows 0: none */
	double *mean;                /* [features]; NULL when the job does not standardise */
	double *std;                 /* [features]; divisor n, 0 counts as 1 */
	void *memory;                /* private */
};

/* The split is drawn by the job's seed (RANDOM_SPLIT), stratified by class; rows keep their order within each
 * part. `validation` is the table of dataset.validation.id or NULL. stop: looked at between chunks (E_CANCELLED).
 * E_MEMORY, E_INVALID (a value that does not fit: row and column; a class in validation that training lacks). */
enum status prepare_data(const struct job_spec *spec, const struct table *table, const struct table *validation,
			 const atomic_bool *stop, struct prepared *out, struct error *error);
void prepared_fini(struct prepared *prepared);

#endif
