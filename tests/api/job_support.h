/* What the tests of jobs share: a small dataset, and resolving a body against it. */
#ifndef TESTS_API_JOB_SUPPORT_H
#define TESTS_API_JOB_SUPPORT_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "api/job_spec.h"

/* 150 rows: numbers a, b, x/~y (constant), y (a number), k (0, 1, 2), two (1, 2), one (7), and texts label (no, yes)
 * and three (p, q, r). */
static inline void people_column(struct column_info *column, const char *name, double minimum, double maximum,
				 size_t levels)
{
	*column = (struct column_info){ .name = strdup(name),
					.minimum = minimum,
					.maximum = maximum,
					.mean = (minimum + maximum) / 2,
					.sd = (maximum - minimum) / 4,
					.distinct = levels > 0 ? (int64_t)levels : 120 };
	column->level_count = levels;
	if (levels > 0) {
		column->level_number = calloc(levels, sizeof(double));
	}
	for (size_t i = 0; i < levels; i++) {
		column->level_number[i] = minimum + (double)i;
	}
}

static inline void people_text(struct column_info *column, const char *name, const char *const *levels, size_t count)
{
	*column = (struct column_info){
		.name = strdup(name), .kind = COLUMN_TEXT, .distinct = (int64_t)count, .level_count = count
	};
	column->level_text = calloc(count, sizeof(char *));
	for (size_t i = 0; i < count; i++) {
		column->level_text[i] = strdup(levels[i]);
	}
}

static inline void people_make(struct dataset_info *info)
{
	memset(info, 0, sizeof *info);
	strcpy(info->id, "ds_people");
	memset(info->sha256, 'b', 64);
	info->rows = 150;
	info->created_at = 1795317845678;
	info->columns = 9;
	info->column = calloc(info->columns, sizeof *info->column);
	people_column(&info->column[0], "a", -2.385, 7.1, 0);
	people_column(&info->column[1], "b", 0, 1e4, 0);
	people_column(&info->column[2], "x/~y", 5, 5, 1);
	people_column(&info->column[3], "y", 100, 300, 0);
	people_column(&info->column[4], "k", 0, 2, 3);
	people_column(&info->column[5], "two", 1, 2, 2);
	people_column(&info->column[6], "one", 7, 7, 1);
	people_text(&info->column[7], "label", (const char *const[]){ "no", "yes" }, 2);
	people_text(&info->column[8], "three", (const char *const[]){ "p", "q", "r" }, 3);
}

/* Reads and resolves a body; the status of the step that failed, or OK with *spec owned. */
static inline enum status people_resolve(const char *body, size_t length, const struct dataset_info *info,
					 struct job_spec **spec, struct problem *problem)
{
	struct job_draft *draft;
	*spec = NULL;
	enum status status = job_draft_read(body, length, &draft, problem);
	if (status != OK) {
		return status;
	}
	const char *id = job_draft_dataset_id(draft), *validation = job_draft_validation_id(draft);
	bool known = id != NULL && strcmp(id, info->id) == 0,
	     both = validation != NULL && strcmp(validation, info->id) == 0;
	status = job_spec_resolve(draft, known ? info : NULL, both ? info : NULL, 2, spec, problem);
	job_draft_destroy(draft);
	return status;
}

#define PEOPLE(rest)   "{\"dataset\": {\"id\": \"ds_people\", " rest
#define CLASSES        PEOPLE("\"target\": \"label\", \"exclude\": [\"three\"]}, ")
#define NUMBERS        PEOPLE("\"target\": \"y\", \"features\": [\"a\", \"b\"]}, ")
#define FUNCTION(rest) "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", " rest

/* One fault of a body. */
struct wrong {
	const char *body;
	const char *pointer;
	enum fault_code code;
	const char *words; /* in the detail */
};

/* The body has this one fault. */
static inline void people_wrong(const struct wrong *wrong, const struct dataset_info *info)
{
	struct problem problem;
	struct job_spec *spec;
	struct text text;
	problem_init(&problem);
	text_init(&text);
	enum status status = people_resolve(wrong->body, strlen(wrong->body), info, &spec, &problem);
	problem_render(&problem, NULL, &text);
	ck_assert_msg(status == E_INVALID && problem_http_status(&problem) == 422, "%s: %s", wrong->body, text.data);
	ck_assert_msg(problem.faults == 1, "not one fault: %s\n%s", wrong->body, text.data);
	ck_assert_msg(strcmp(problem.fault[0].pointer, wrong->pointer) == 0 && problem.fault[0].code == wrong->code &&
			      strstr(problem.fault[0].detail, wrong->words) != NULL,
		      "%s\n%s", wrong->body, text.data);
	text_fini(&text);
	problem_fini(&problem);
}

/* A body without fault. */
static inline struct job_spec *people_right(const char *body, const struct dataset_info *info)
{
	struct problem problem;
	struct job_spec *spec;
	struct text text;
	problem_init(&problem);
	text_init(&text);
	enum status status = people_resolve(body, strlen(body), info, &spec, &problem);
	problem_render(&problem, NULL, &text);
	ck_assert_msg(status == OK, "%s\n%s", body, text.data);
	text_fini(&text);
	problem_fini(&problem);
	return spec;
}

#endif
