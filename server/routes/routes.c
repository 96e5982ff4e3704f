/* Every call that the service answers; api/openapi.yaml says the same in words, and a test compares the two. */
#include "server/routes/routes.h"

#define PARAMETERS(...)                                                                                                \
	(const char *const[])                                                                                          \
	{                                                                                                              \
		__VA_ARGS__, NULL                                                                                      \
	}

/* clang-format off */
const struct http_route routes_table[] = {
	{ .method = "POST", .pattern = "/v1/datasets", .handler = datasets_upload, .body = HTTP_STREAM, .sink = datasets_sink,
	  .parameters = PARAMETERS("name", "target", "format", "header", "delimiter", "decimal") },
	{ .method = "GET", .pattern = "/v1/datasets", .handler = datasets_list, .parameters = PARAMETERS("limit", "cursor", "inline") },
	{ .method = "GET", .pattern = "/v1/datasets/{id}", .handler = datasets_get },
	{ .method = "GET", .pattern = "/v1/datasets/{id}/rows", .handler = datasets_rows, .parameters = PARAMETERS("offset", "limit") },
	{ .method = "DELETE", .pattern = "/v1/datasets/{id}", .handler = datasets_delete },

	{ .method = "POST", .pattern = "/v1/jobs", .handler = jobs_create, .body = HTTP_JSON,
	  .parameters = PARAMETERS("dry_run", "gradient_check", "wait", "include") },
	{ .method = "GET", .pattern = "/v1/jobs", .handler = jobs_list,
	  .parameters = PARAMETERS("status", "name", "name_prefix", "dataset", "model", "optimizer", "sort", "limit", "cursor") },
	{ .method = "GET", .pattern = "/v1/jobs/counts", .handler = jobs_counts },
	{ .method = "GET", .pattern = "/v1/jobs/{id}", .handler = jobs_get, .parameters = PARAMETERS("wait", "include") },
	{ .method = "GET", .pattern = "/v1/jobs/{id}/spec", .handler = jobs_spec },
	{ .method = "POST", .pattern = "/v1/jobs/{id}/cancel", .handler = jobs_cancel },
	{ .method = "DELETE", .pattern = "/v1/jobs/{id}", .handler = jobs_delete },
	{ .method = "GET", .pattern = "/v1/jobs/{id}/curve", .handler = jobs_curve,
	  .parameters = PARAMETERS("series", "from_step", "wait", "format", "restart") },
	{ .method = "GET", .pattern = "/v1/jobs/{id}/weights", .handler = jobs_weights, .abandon = true, .parameters = PARAMETERS("format", "at") },
	{ .method = "GET", .pattern = "/v1/jobs/{id}/surface", .handler = jobs_surface, .abandon = true,
	  .parameters = PARAMETERS("format", "points", "x_min", "x_max", "y_min", "y_max") },
	{ .method = "POST", .pattern = "/v1/jobs/{id}/predictions", .handler = jobs_predictions, .body = HTTP_JSON, .abandon = true,
	  .types = (const char *const[]){ "text/csv", "application/csv", "application/x-ndjson", "application/ndjson", "application/jsonl", NULL },
	  .parameters = PARAMETERS("at", "format", "delimiter", "decimal") },

	{ .method = "POST", .pattern = "/v1/expressions/evaluate", .handler = expressions_evaluated, .body = HTTP_JSON },

	{ .method = "GET", .pattern = "/v1/catalog", .handler = meta_catalog },
	{ .method = "GET", .pattern = "/v1", .handler = meta_version },
	{ .method = "GET", .pattern = "/healthz", .handler = meta_health, .open = true },
	{ .method = "GET", .pattern = "/readyz", .handler = meta_ready, .open = true },
	{ .method = "GET", .pattern = "/openapi.yaml", .handler = meta_openapi, .open = true },
};
/* clang-format on */
const size_t routes_count = sizeof routes_table / sizeof *routes_table;
