/* The data of a job on its way from the store to the trainer: dataset records, tables, prepared views. */
#ifndef SERVER_RUNNER_JOB_DATA_H
#define SERVER_RUNNER_JOB_DATA_H

#include <stdatomic.h>

#include "api/job_spec.h"
#include "core/base/error.h"
#include "server/dataset/prepare.h"
#include "server/store/store.h"

/* An open table with what keeps it alive. Zeroed is empty. */
struct open_table {
	struct dataset_info info;
	struct dataset_content content;
	struct table *table;
};

/* Opens the table of a dataset by id. E_NOT_FOUND, E_CORRUPT, E_IO, E_MEMORY, each with a sentence. */
enum status open_table_load(struct store *store, const char *data_dir, const char *dataset_id, struct open_table *out,
			    struct error *error);
void open_table_fini(struct open_table *table);

#endif
