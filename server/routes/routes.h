/* The table of routes: one line a call. Handlers live in one file an endpoint family. */
#ifndef SERVER_ROUTES_ROUTES_H
#define SERVER_ROUTES_ROUTES_H

#include "server/http/http.h"

extern const struct http_route routes_table[];
extern const size_t routes_count;

/* datasets.c, dataset_upload.c */
http_handler datasets_upload, datasets_list, datasets_get, datasets_rows, datasets_delete;
http_sink datasets_sink;
/* job_create.c */
http_handler jobs_create;
/* jobs.c */
http_handler jobs_list, jobs_counts, jobs_get, jobs_spec, jobs_cancel, jobs_delete;
/* results.c, predictions.c */
http_handler jobs_curve, jobs_weights, jobs_predictions;
/* surface.c */
http_handler jobs_surface;
/* expressions.c */
http_handler expressions_evaluated;
/* meta.c */
http_handler meta_catalog, meta_version, meta_health, meta_ready, meta_openapi;

#endif
