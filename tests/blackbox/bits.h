/* What the programs that train networks through the door ask alike: the same bits for any number of threads and after
 * kills, and a model that does not fit refused at its place. All of them on the digits. */
#ifndef TESTS_BLACKBOX_BITS_H
#define TESTS_BLACKBOX_BITS_H

#include "tests/blackbox/jobs.h"

/* A job, kept: which of the caller's, on this dataset, for so many epochs, in a precision. */
typedef const char *job_text(int which, const char *dataset, int epochs, const char *dtype);

/* Jobs first..last, each for two epochs in float32 and in float64, end with the same bits on one, two and three
 * threads. */
void expect_bits_for_threads(job_text *job, int first, int last);

/* The job in float32 ends with the same bits where the program is killed twice, early and halfway. */
void expect_bits_after_kills(job_text *job, int which, int epochs);

/* Fields of a sequential model, the place that is answered, its code and a piece of the sentence. */
struct misfit {
	const char *model, *pointer, *code, *piece;
};

void expect_misfits(const struct misfit *misfit, size_t count);

#endif
