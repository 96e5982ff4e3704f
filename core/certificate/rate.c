/*
 * How fast a run goes down, measured over the last half of its samples.
 *
 * Two models of e_k, the gradient's norm at step k, are fitted by least squares of log e_k, and the better one is
 * taken:
 *
 *   linear      e_k ~ c rho^k       log e_k = log c + k log rho
 *   sublinear   e_k ~ c k^-p        log e_k = log c - p log k
 *
 * (Nocedal and Wright 2006, section 2.2, on rates.) Where the gradient does not go to 0 (a minimum at a kink) neither
 * says much; the factor is then about 1. What lies in the noise of rounding is left out.
 */
#include <math.h>

#include "core/certificate/internal.h"

enum { SAMPLES_LEAST = 5 };

struct fit {
	double slope, error; /* error: sum of squared residuals */
};

/* y ~ intercept + slope x. */
static struct fit fit_line(const double *x, const double *y, size_t count)
{
	double mx = 0, my = 0, xx = 0, xy = 0, yy = 0;
	for (size_t i = 0; i < count; i++) {
		mx += x[i] / (double)count;
		my += y[i] / (double)count;
	}
	for (size_t i = 0; i < count; i++) {
		xx += (x[i] - mx) * (x[i] - mx);
		xy += (x[i] - mx) * (y[i] - my);
		yy += (y[i] - my) * (y[i] - my);
	}
	const double slope = xy / xx;
	return (struct fit){ slope, yy - slope * xy };
}

struct convergence convergence_of(const struct trace_sample *trace, size_t count, double epsilon)
{
	struct convergence out = { RATE_UNKNOWN, NAN, NAN, 0, 0 };
	double k[TRACE_SAMPLES + 1], log_k[TRACE_SAMPLES + 1], log_e[TRACE_SAMPLES + 1], largest = 0;
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		largest = trace[i].gradient_norm > largest ? trace[i].gradient_norm : largest;
	}
	while (count > 0 && !(trace[count - 1].gradient_norm > 1e3 * epsilon * largest)) {
		count--;
	}
	for (size_t i = count / 2; i < count; i++) {
		if (trace[i].step > 0 && trace[i].gradient_norm > 0 && isfinite(trace[i].gradient_norm)) {
			k[used] = (double)trace[i].step;
			log_k[used] = log(k[used]);
			log_e[used++] = log(trace[i].gradient_norm);
		}
	}
	if (used < SAMPLES_LEAST) {
		return out;
	}
	const struct fit linear = fit_line(k, log_e, used), power = fit_line(log_k, log_e, used);
	out.from = (uint64_t)k[0];
	out.to = (uint64_t)k[used - 1];
	if (power.error < linear.error && power.slope < 0) {
		out.kind = RATE_SUBLINEAR;
		out.order = -power.slope;
	} else {
		out.kind = RATE_LINEAR;
		out.factor = exp(linear.slope);
	}
	return out;
}
