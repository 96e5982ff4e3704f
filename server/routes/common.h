/* What the handlers share: reading query parameters, waiting, and turning a status into an answer. */
#ifndef SERVER_ROUTES_COMMON_H
#define SERVER_ROUTES_COMMON_H

#include "api/answers.h"
#include "server/service.h"

enum { LIST_LIMIT = 50, LIST_LIMIT_MAX = 500, WAIT_MAX = 60, INCLUDED_WEIGHTS_MAX = 10000 };
/* What is answered on the thread of the connection; a longer body, or more numbers, is work (HTTP_WORK): some
 * milliseconds either way. */
enum { QUICK_BODY = 32768, QUICK_NUMBERS = 20000 };

/* Answers the problem and releases it. */
enum http_outcome answer_problem(struct http_request *request, struct http_response *response, struct problem *problem);
/* The problem of a failed call below: kind by status, the error's sentence (error may be NULL); 500s are logged. */
void problem_of(struct problem *problem, enum status status, const struct error *error);
/* Memory for one request's work, out of the budget of the jobs; release with workers_release. Otherwise the problem
 * says that it is too much (422, needed_bytes, budget_bytes) or that jobs have it now (503; E_BUSY: add Retry-After).
 */
enum status reserve_memory(struct service *service, uint64_t bytes, struct problem *problem);
/* Both. `what` is what E_NOT_FOUND means: "job", "dataset". */
enum http_outcome answer_status(struct http_request *request, struct http_response *response, enum status status,
				const struct error *error, const char *what);

/* Query parameters: untouched when not given; a fault when given badly. */
void query_uint(const struct http_request *request, const char *name, uint64_t maximum, uint64_t *out,
		struct problem *problem);
/* A finite number, of at most this size. */
void query_number(const struct http_request *request, const char *name, double largest, double *out,
		  struct problem *problem);
void query_bool(const struct http_request *request, const char *name, bool *out, struct problem *problem);
/* The index of a word among NULL-terminated words. */
void query_word(const struct http_request *request, const char *name, const char *const *words, size_t *out,
		struct problem *problem);
/* ?format=json|csv, else what Accept asks for first. */
bool query_csv(const struct http_request *request, struct problem *problem);
/* ?delimiter= (untouched when not given) and ?decimal= (a point when not given) of a CSV body. */
void query_separators(const struct http_request *request, char *delimiter, char *decimal, struct problem *problem);
/* ?limit= of a list: 1 and more; over 500 counts as 500. */
void query_limit(const struct http_request *request, uint64_t *out, struct problem *problem);
/* ?include=curve,weights */
void query_include(const struct http_request *request, bool *curve, bool *weights, struct problem *problem);
/* ?wait=N, else Prefer: wait=N; 0 when neither; over 60 counts as 60. Sets Preference-Applied. */
double query_wait(const struct http_request *request, struct http_response *response, struct problem *problem);

/* Link: <path?the same query, cursor=next>; rel="next", when there is a next page. */
void link_next(const struct http_request *request, struct http_response *response, const char *const *parameters,
	       const char *next_cursor);

int64_t now_milliseconds(void); /* since 1970 */

/* job_document.c: the job as it is answered, with Retry-After while it has not ended. */
struct job_wishes {
	bool curve, weights;
};
enum status job_answer(struct service *service, const struct job_record *record, const struct job_wishes *wishes,
		       struct http_response *response);
/* The same by id and without wishes, from the cache when it is there. E_NOT_FOUND. */
enum status job_answer_by_id(struct service *service, const char *id, struct http_response *response, bool *ended);

/* results.c */
/* A file name for what is downloaded: the job's name, or its id, in characters that need no quoting. */
void name_download(struct http_response *response, const struct job_record *record, const char *extension);
enum status curve_document(struct service *service, const struct job_record *record, struct text *out);
/* at: "best", "last", or NULL for the one that the job's ending asks for; out: which it was. maximum: numbers at most
 * (0: any), more is E_TOO_LARGE. E_NOT_FOUND: none yet. */
enum status weights_document(struct service *service, const struct job_record *record, const char *at, size_t maximum,
			     struct text *out);
/* Reads them: values returned owned, card returned owned. maximum as above: then they are not read at all. */
struct loaded_weights {
	const char *at;
	uint64_t step;
	void *values;
	size_t length;
	struct model_card *card;
};
enum status weights_load(struct service *service, const struct job_record *record, const char *at, size_t maximum,
			 struct loaded_weights *out);
void loaded_weights_fini(struct loaded_weights *weights);

#endif
