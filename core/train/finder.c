/*
 * The learning-rate range test: what the schedule `lr_finder` is watched for.
 *
 * The loss at x_k is what the rate of update k brought about. Of its average m_k (decay beta, bias-corrected) samples
 * are kept, evenly spread over the test; a line is fitted to each sample and its neighbours, and the rate where that
 * falls steepest, per factor of the rate, is the one to train with. The test ends when m exceeds its best by
 * (diverge_factor - 1) times the size of the best, or of the whole descent where that is more. Source: Smith 2017,
 * section 3.3; Howard and Gugger 2020, fastai (average, end and steepest point; here the slope is taken over a window,
 * which needs less averaging, and so lags less).
 */
#include <math.h>

#include "core/train/internal.h"

static const double batch_smoothing = 0.7;
enum { WINDOW = 3, WINDOW_SAMPLES = 24, SKIPPED_PART = 10 };

static double smoothing_of(const struct trainer *trainer)
{
	const double given = settings_number(&trainer->setup.config.optimizer.schedule.settings, "smoothing");
	return !isnan(given) ? given : trainer->full ? 0 : batch_smoothing;
}

void track_finder(struct trainer *trainer, double loss)
{
	struct finder_state *finder = &trainer->state->finder;
	const uint64_t k = trainer->state->step;
	const double beta = smoothing_of(trainer), bad = trainer->sign * loss;

	if (!isfinite(loss)) {
		return;
	}
	finder->count++;
	finder->sum = beta * finder->sum + (1 - beta) * bad;
	finder->mean = finder->sum / (1 - pow(beta, (double)finder->count));
	track_trace(trainer, trainer->sign * finder->mean, NAN);
	if (finder->count == 1) {
		finder->first = finder->best = finder->mean;
		return;
	}
	const double rate = rate_of(trainer, k - 1);
	if (finder->mean < finder->best) {
		finder->best = finder->mean;
		finder->best_rate = rate;
	}
	const double factor = settings_number(&trainer->setup.config.optimizer.schedule.settings, "diverge_factor");
	const double size = fmax(fabs(finder->best), finder->first - finder->best);
	if (finder->exploded_rate == 0 && finder->mean > finder->best + (factor - 1) * size) {
		finder->exploded_rate = rate;
	}
}

/* The slope of the losses of the samples around i, per sample. */
static double slope_at(const struct trainer *trainer, size_t i, size_t half)
{
	const struct trace_sample *trace = trainer->state->trace;
	double sum = 0, squares = 0;
	for (size_t j = 1; j <= half; j++) {
		sum += (double)j * trainer->sign * (trace[i + j].loss - trace[i - j].loss);
		squares += 2 * (double)(j * j);
	}
	return sum / squares;
}

/* The rate that led to the sample from which the losses fall steepest, up to the lowest; 0: they do not fall. The first
 * tenth is left out (as fastai does): few losses are noise. */
static double steepest_rate(const struct trainer *trainer)
{
	const struct run_state *state = trainer->state;
	const size_t count = (size_t)state->trace_count, half = count >= WINDOW_SAMPLES ? WINDOW : 1;
	const size_t skipped = count / SKIPPED_PART > half ? count / SKIPPED_PART : half;
	size_t lowest = 0, best = 0;
	double least = 0;

	for (size_t i = 1; i < count; i++) {
		const bool lower = trainer->sign * state->trace[i].loss < trainer->sign * state->trace[lowest].loss;
		lowest = lower ? i : lowest;
	}
	for (size_t i = skipped; i + half < count && i <= lowest; i++) {
		const double slope = slope_at(trainer, i, half);
		if (slope < least) {
			least = slope;
			best = i;
		}
	}
	return best > 0 ? rate_of(trainer, state->trace[best].step - 1) : 0;
}

struct lr_finding finder_result(const struct trainer *trainer)
{
	const struct finder_state *finder = &trainer->state->finder;
	struct lr_finding out = { trainer->finds_rate, NAN, NAN, NAN, NAN, NAN };
	if (!trainer->finds_rate) {
		return out;
	}
	const double steepest = steepest_rate(trainer);
	if (finder->best_rate > 0) {
		out.minimum = finder->best_rate;
		out.minimum_loss = trainer->sign * finder->best;
		out.steepest = steepest > 0 ? steepest : (double)NAN;
		/* Where it fell steepest only at the brink: a tenth of the rate at the minimum, as fastai does. */
		out.suggested = steepest > 0 && steepest < out.minimum ? steepest : out.minimum / 10;
	}
	if (finder->exploded_rate > 0) {
		out.exploded = finder->exploded_rate;
	}
	return out;
}
