/*
 * The documents that answer: jobs, curves, weights, predictions, lists. From plain data to text;
 * what they are made of comes from the store.
 */
#ifndef API_ANSWERS_H
#define API_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/advice.h"
#include "api/dataset_info.h"
#include "api/model_card.h"
#include "api/problem.h"
#include "api/text.h"
#include "core/train/fit.h"
#include "core/train/trainer.h"

#define JOB_STATUS_LIST(X)                                                                                             \
	X(JOB_QUEUED, "queued")                                                                                        \
	X(JOB_RUNNING, "running")                                                                                      \
	X(JOB_PAUSED, "paused")                                                                                        \
	X(JOB_SUCCEEDED, "succeeded")                                                                                  \
	X(JOB_FAILED, "failed")                                                                                        \
	X(JOB_CANCELLED, "cancelled")

enum job_status {
#define JOB_STATUS_MEMBER(name, word) name,
	JOB_STATUS_LIST(JOB_STATUS_MEMBER)
#undef JOB_STATUS_MEMBER
		JOB_STATUS_COUNT
};
const char *job_status_word(enum job_status status);
/* JOB_STATUS_COUNT for a word that is none. */
enum job_status job_status_parse(const char *word);
static inline bool job_status_ended(enum job_status status)
{
	return status == JOB_SUCCEEDED || status == JOB_FAILED || status == JOB_CANCELLED;
}

/* One job as the store answers it. Strings may be NULL; all are owned by whoever filled it. */
struct job_record {
	char id[ID_SIZE];
	char *name;
	enum job_status status;
	bool cancel_pending;
	char *stop_reason;                                       /* a word, or NULL */
	int64_t created_at, updated_at, started_at, finished_at; /* ms; 0: not yet */
	uint64_t attempt;
	uint64_t queue_position; /* 1-based; 0: not queued */
	char *spec;              /* the stored document */
	size_t spec_length;
	char *report;                /* job_report_render's text, or NULL */
	char *card;                  /* model_card_save's text, or NULL */
	char *error;                 /* a JSON object, or NULL */
	uint64_t step;               /* of the last report */
	char dataset_id[ID_SIZE];    /* "" : none */
	char validation_id[ID_SIZE]; /* "" : none */
};
void job_record_fini(struct job_record *record);

/* What a worker reports of a job, rendered once, when it changes:
 * ,"progress":{...},"metrics":{...},"stop_value":...,"stop_limit":...,"best":{...}|null,"certificate":{...}|null,"advice":[...],"features":[...],"classes":[...],"warnings":[...]
 * final (NULL while running) holds the last passes over training and validation rows (validation NULL: none). */
enum { RESTART_POINT_MAX = 256 }; /* numbers of a start or end point that a job lists */
/* Points of run k have steps from k times this on in the store; a run of several has fewer steps. */
#define RESTART_STEPS ((uint64_t)1 << 40)
struct restart_entry {
	uint64_t ended, seed, step, reason; /* enum stop_reason */
	double start_loss, loss;            /* over all rows */
};

struct job_report {
	const struct job_spec *spec;
	struct trainer_progress progress;
	const struct evaluation *final_train;
	const struct evaluation *final_validation;
	const struct certificate *certificate; /* NULL: none (yet) */
	const struct advice *advice;           /* NULL: none */
	uint64_t restarts;                     /* runs of the job; 0: one */
	uint64_t restart, restarts_done;       /* which one the rest is of; how many have ended */
	uint64_t best_restart;                 /* UINT64_MAX: not known yet */
	const struct restart_entry *restart_entry;
	const double *restart_point; /* [restarts, start and end, restart_n] or NULL */
	size_t restart_n;
	/* At the end, each NULL where there is none: the objective and its parameters, and the fit of squares. */
	const struct objective *objective;
	const void *theta;
	const struct fit *fit;
};
/* report_fit.c: ,"active_bounds":[...] of an objective with bounds, ,"fit":{...}; nothing where there is none. */
void active_bounds_render(const struct objective *objective, const void *theta, struct text *out);
void fit_render(const struct objective *objective, const struct fit *fit, struct text *out);
/* Which parameters the rows do not tell, in a sentence; false where they tell all (out is then of no use). */
bool fit_warning(const struct job_report *report, struct text *out);
void job_report_render(const struct job_report *report, struct text *out);
void restarts_render(const struct job_report *report, struct text *out);
void certificate_render(const struct certificate *certificate, struct text *out);
void advice_render(const struct advice *advice, struct text *out);

/* job.error of a job that diverged or failed: {"type","title","status","detail","errors":[],"step","hint"}. */
void job_error_render(const char *slug, const char *detail, uint64_t step, const char *hint, struct text *out);

/* What ?include= adds to a job: rendered curve and weights documents, or NULL. */
struct job_includes {
	bool curve, weights;
	const char *curve_document;
	const char *weights_document; /* NULL with `weights` set: writes null */
};
void job_render(const struct job_record *record, const struct job_includes *includes, struct text *out);

/* A curve. Which series: bits in the order of SERIES_LIST; 0: all that the job has. */
#define SERIES_LIST(X)                                                                                                 \
	X(SERIES_STEP, "step")                                                                                         \
	X(SERIES_EPOCH, "epoch")                                                                                       \
	X(SERIES_SECONDS, "seconds")                                                                                   \
	X(SERIES_LEARNING_RATE, "learning_rate")                                                                       \
	X(SERIES_TRAIN_LOSS, "train_loss")                                                                             \
	X(SERIES_GRADIENT_NORM, "gradient_norm")                                                                       \
	X(SERIES_VALIDATION_LOSS, "validation_loss")                                                                   \
	X(SERIES_VALIDATION_ACCURACY, "validation_accuracy")                                                           \
	X(SERIES_GENERATOR_LOSS, "generator_loss")                                                                     \
	X(SERIES_DISCRIMINATOR_LOSS, "discriminator_loss")                                                             \
	X(SERIES_PARAMETERS, "parameters")

enum series {
#define SERIES_MEMBER(name, word) name,
	SERIES_LIST(SERIES_MEMBER)
#undef SERIES_MEMBER
		SERIES_COUNT
};
/* Reads "train_loss,step" into bits; `step` is always among them. False with a fault in problem. */
bool series_parse(const char *words, unsigned *bits, struct problem *problem);

struct curve_view {
	const char *job_id;
	enum job_status status;
	size_t count;
	const struct curve_point *points;
	const double *parameters; /* [count, n] or NULL */
	size_t n;
	bool has_validation, has_accuracy, has_players, has_parameters; /* which series the job has at all */
	uint64_t points_total;
	bool ended_and_complete; /* next_step is null */
	uint64_t next_step;
	unsigned series;
	uint64_t restarts,
		restart; /* runs of the job, and which one this is of; restarts <= 1: nothing is said of it */
};
/* Of a job of several runs, from its report: how many, and the one whose curve is shown (the best; while it runs, the
 * one that runs). False: it has one. */
bool restarts_describe(const char *report, uint64_t *count, uint64_t *shown);
/* Fills in has_* from the job's stored spec. */
void curve_view_describe(const char *spec, size_t length, struct curve_view *view);
void curve_render_json(const struct curve_view *view, struct text *out);
void curve_render_csv(const struct curve_view *view, struct text *out);

/* The classes of a card as a JSON array: texts, or numbers as in the data. */
void card_classes_render(const struct model_card *card, struct text *out);

/* Weights. values: [card->n] of card->dtype. */
void weights_render(const char *job_id, uint64_t step, const char *at, const struct model_card *card,
		    const void *values, struct text *out);

/* GET /v1/catalog, made from the tables of core; GET /v1 (version and limits). */
void catalog_render(struct text *out);
void version_render(size_t max_body, uint64_t max_queue, struct text *out);

#endif
