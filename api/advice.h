/*
 * What to change about a job that did not converge, in words, from facts of its run: the settings, the samples of its
 * way down, and its certificate. No guesses: where the facts do not tell, nothing is said.
 */
#ifndef API_ADVICE_H
#define API_ADVICE_H

#include "api/job_spec.h"
#include "core/certificate/certificate.h"

enum { ADVICE_MAX = 4, ADVICE_LENGTH = 448 };

struct advice {
	size_t count;
	char sentence[ADVICE_MAX][ADVICE_LENGTH];
};

struct advice_facts {
	const struct job_spec *spec;
	const struct trainer_progress *progress; /* of a run that has ended */
	const struct certificate *certificate;
	const struct trace_sample *trace; /* [traced] */
	size_t traced;
};

void advise(const struct advice_facts *facts, struct advice *out);

#endif
