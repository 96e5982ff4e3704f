/* Rows that the body of a request brings along under `dataset`, inline or by a generator: through the importer that
 * uploads go through, they become a table like any other. */
#ifndef SERVER_ROUTES_JOB_ROWS_H
#define SERVER_ROUTES_JOB_ROWS_H

#include <stdatomic.h>

#include "api/job_spec.h"
#include "server/dataset/import.h"
#include "server/service.h"

/* Does the draft bring any along? */
bool job_rows_are_there(const struct job_draft *draft);
/* Imports them. *import and *info (with an id, and the target that they say) are owned by the caller, whatever is
 * returned; both are empty before. *memory: what was reserved out of the budget of the jobs is added, for the caller to
 * release. stop: looked at between pieces (E_CANCELLED). E_INVALID with faults at their place, or what importing can
 * fail with. */
enum status job_rows_import(struct service *service, const struct job_draft *draft, const atomic_bool *stop,
			    uint64_t *memory, struct import **import, struct dataset_info *info,
			    struct problem *problem, struct error *error);

#endif
