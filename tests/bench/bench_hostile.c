/*
 * Hostile expressions (tests/support/hostile.h): the time that one evaluation of the worst of them takes, from the text
 * to the gradient or the refusal, us of the processor. With an argument: each of them, with its peak of memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/bench/bench.h"
#include "tests/support/allocation.h"
#include "tests/support/hostile.h"

enum { TIMES = 15, ROUNDS = 5 };

static double cpu_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The median of some runs, seconds. */
static double measure(const char *text, size_t length, struct expression_error *error)
{
	double gradient[HOSTILE_NUMBERS], value = 0, seconds[TIMES];
	allocation_watch(0);
	for (size_t i = 0; i < TIMES; i++) {
		const double start = cpu_seconds();
		expression_evaluate(text, length, hostile_variables, HOSTILE_VARIABLES, &value, gradient, error);
		seconds[i] = cpu_seconds() - start;
	}
	return bench_median(seconds, TIMES);
}

int main(int argc, char **argv)
{
	static char text[EXPRESSION_LENGTH_MAX + 100];
	struct expression_error error;
	(void)argv;
	for (size_t round = 0; round < (argc > 1 ? 1 : ROUNDS); round++) {
		double worst = 0;
		for (size_t i = 0; i < 2 * HOSTILE; i++) {
			const struct hostile *of = &hostile[i / 2];
			const size_t parts = i % 2 == 0 ? hostile_parts(of, text) : EXPRESSION_LENGTH_MAX;
			const size_t length = hostile_text(of, parts, text);
			const double seconds = measure(text, length, &error);
			worst = seconds > worst ? seconds : worst;
			if (argc > 1) {
				printf("%5.0f us %8zu bytes %5zu characters  %-28s %s\n", 1e6 * seconds,
				       allocation.most, length, of->name, error.status == OK ? "" : error.text);
			}
		}
		bench_result("expression.hostile", 1e6 * worst);
	}
	return 0;
}
