/*
 * A job as the service understands it: from a request body, with every default filled in, to the
 * plain structs that core takes; and back to the JSON that `spec` shows and the store keeps.
 *
 * Two phases, because the dataset must be known before the rest can be judged:
 *   job_draft_read    reads the body (syntax, inline data); no dataset needed
 *   job_spec_resolve  judges every field against the tables and the dataset, fills in defaults
 * All faults of a body come at once where that is possible.
 */
#ifndef API_JOB_SPEC_H
#define API_JOB_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/dataset_info.h"
#include "api/problem.h"
#include "core/model/model.h"
#include "core/objective/gradient_check.h"
#include "core/train/config.h"

struct job_draft; /* a body that was read as JSON */

/* Reads a body. OK, or E_INVALID with `problem` set (400 for what is no JSON: line and column; 422 for
 * duplicate keys, unknown top-level fields ...), E_MEMORY. */
enum status job_draft_read(const char *body, size_t length, struct job_draft **out, struct problem *problem);
/* Bytes that such a body takes at most while a job is made of it: the tree, its inline data as text and as a table. */
uint64_t job_draft_memory(const char *body, size_t length);
void job_draft_destroy(struct job_draft *draft);

/* The dataset that the draft names (borrowed; NULL: none, or not a string), and that of
 * `dataset.validation.id` (NULL: none). */
const char *job_draft_dataset_id(const struct job_draft *draft);
const char *job_draft_validation_id(const struct job_draft *draft);
/* The job that `model.initial_parameters.job_id` names, and its `at` ("best", "last" or NULL). */
const char *job_draft_initial_job_id(const struct job_draft *draft, const char **at);
bool job_draft_has_inline(const struct job_draft *draft);
/* Whether it says "gradient_check": true. */
bool job_draft_gradient_check(const struct job_draft *draft);

/* Inline data as CSV text with a header line, numbers exact, so that it goes through the same importer
 * as an upload; text_column[i] says that column i held strings. Returned owned (free()).
 * E_INVALID with faults for ragged or non-scalar rows. */
struct inline_table {
	char *csv;
	size_t length;
	size_t columns;
	bool *text_column;
	char *target; /* from "target", a name; NULL: not said */
};
enum status job_draft_inline(const struct job_draft *draft, struct inline_table *out, struct problem *problem);
void inline_table_fini(struct inline_table *table);

enum missing_policy { MISSING_ERROR };

struct job_spec {
	char *name; /* or NULL */
	size_t metadata_count;
	char **metadata_key, **metadata_value;

	bool has_dataset;
	char dataset_id[ID_SIZE];
	size_t target_count;
	char **target;         /* column names */
	size_t *target_column; /* their indices in the dataset */
	size_t feature_count;
	char **feature; /* column names, in the order of the job */
	size_t *feature_column;
	bool standardize;
	double validation_fraction;
	char validation_id[ID_SIZE]; /* "" : none */

	size_t class_count;   /* 0: not a classification */
	char **class_text;    /* as written in the data, sorted; of two the second is the positive one */
	double *class_number; /* of a numeric target column; NULL for a text one */

	struct model_config model;
	/* Of an expression why its rows cannot be taken apart, so that over some of them it is another function; NULL:
	 * they can. */
	const char *couples;
	bool whole;       /* ... it takes them as a dimension: it is over all of them, and over no others */
	uint64_t numbers; /* of such a one: those that an evaluation goes through, roughly; else 0 */
	struct model_shape shape;
	size_t train_rows; /* shape.rows of an objective that is to be trained; shape's own serves to predict */
	struct train_config train;
	uint64_t training_rows; /* after the split */
	uint64_t validation_rows;

	/* initial_parameters: theta in double, or NULL; initial_job_id is "" unless given by job. */
	double *initial;
	size_t initial_count;
	char initial_job_id[ID_SIZE];
	char *initial_at;

	bool gradient_check; /* asked of a dry run; not in the document */

	size_t warning_count;
	char **warning;

	uint64_t parameters;    /* estimate */
	bool parameters_unsaid; /* recording.parameters: those of a job of two are recorded, for its surface alone */
	uint64_t memory_bytes;  /* estimate: model, trainer, prepared data */
	uint64_t steps;

	char *document; /* the whole spec as JSON, every default filled in; arrays whole */
	size_t document_length;
	void *arena; /* owns all of the above */
};

/* Judges a draft. info: of the dataset that it names (or of its inline data), NULL when there is none: a
 * dataset.id without info is itself noted as a fault (not_found at /dataset/id), beside all others, so the caller need
 * not say it; likewise validation, of dataset.validation.id. After job_draft_inline found faults, a call with info NULL
 * and the same problem adds the rest of them. model.initial_parameters.job_id is looked up by the caller. slots:
 * executor slots, for the memory estimate. OK, or E_INVALID with all faults in `problem`, E_MEMORY. *out is returned
 * owned. */
enum status job_spec_resolve(const struct job_draft *draft, const struct dataset_info *info,
			     const struct dataset_info *validation, size_t slots, struct job_spec **out,
			     struct problem *problem);
/* From the document that the store keeps, after a restart too. Same judging. */
enum status job_spec_load(const char *document, size_t length, const struct dataset_info *info,
			  const struct dataset_info *validation, size_t slots, struct job_spec **out,
			  struct problem *problem);
void job_spec_destroy(struct job_spec *spec);
/* Whether such a document's model is an objective written as text, which predicts nothing; false without memory too. */
bool job_document_is_objective(const char *document, size_t length);
/* Takes the warnings over from a report of the same job (answers.h): what was left to a default when the job was posted
 * is said in the stored document, so that judging it again does not warn of it. */
void job_spec_keep_warnings(struct job_spec *spec, const char *report);

/* The document for a client: as stored, but an array over 256 numbers reads {"elided": n, "sha256": "..."}. */
enum status job_spec_elide(const char *document, size_t length, struct text *out);

/* A gradient beside differences of values, parameter by parameter (core/objective/gradient_check.h). */
struct gradient_report {
	size_t rows; /* that it was looked at over; 0: an objective without rows */
	size_t tensors;
	struct tensor *tensor;               /* [tensors] */
	struct gradient_check_tensor *check; /* [tensors] */
};
void gradient_report_fini(struct gradient_report *report);
void gradient_report_render(const struct gradient_report *report, struct text *out);

/* {"spec", "estimate", "warnings"}, and "gradient_check" unless gradients is NULL: the answer to a dry run. */
void job_spec_render_dry_run(const struct job_spec *spec, const struct gradient_report *gradients, struct text *out);

#endif
