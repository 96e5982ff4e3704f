#include "api/advice.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* From here on plain descent takes more steps than most are ready to make. */
static const double ill_conditioned = 1e4;
/* A run has come near enough when its gap, or the gradient beside the first one, is below this part. */
static const double near_enough = 1e-6, small_gradient = 1e-3;
/* The last quarter of a way stands still when it brings less than this part of the whole descent. */
static const double still = 1e-3;
/* An objective that has come down by this factor has no bottom, or none that a double can tell. */
static const double far_down = 1e12;
/* A Hessian with an eigenvalue below this part of the largest, and negative: not a minimum. */
static const double bends_down = 1e-4;

static void say(struct advice *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct advice *out, const char *format, ...)
{
	va_list arguments;
	if (out->count == ADVICE_MAX) {
		return;
	}
	va_start(arguments, format);
	vsnprintf(out->sentence[out->count++], ADVICE_LENGTH, format, arguments);
	va_end(arguments);
}

static double sign_of(const struct advice_facts *facts)
{
	return facts->spec->train.direction == MAXIMIZE ? -1 : 1;
}

static bool named(const struct advice_facts *facts, const char *name)
{
	return strcmp(facts->spec->train.optimizer.type->name, name) == 0;
}

/* NAN: the optimizer has no such setting. */
static double setting(const struct advice_facts *facts, const char *name)
{
	const struct settings *settings = &facts->spec->train.optimizer.settings;
	for (size_t i = 0; i < settings->count; i++) {
		if (strcmp(settings->table[i].name, name) == 0) {
			return settings->value[i].number;
		}
	}
	return NAN;
}

/* lambda_max times the largest stable learning rate on a quadratic; NAN: not an optimizer that has one.
 * Source: Polyak 1964 (momentum); O'Donoghue and Candes 2015 (the gradient at the look-ahead point). */
static double stable_product(const struct advice_facts *facts)
{
	const double momentum = fmax(0, setting(facts, "momentum"));
	if (named(facts, "nesterov") || (named(facts, "sgd") && setting(facts, "nesterov") > 0)) {
		return 2 * (1 + momentum) / (1 + 2 * momentum);
	}
	if (named(facts, "ema_momentum")) {
		return 2 * (1 + momentum) / (1 - momentum);
	}
	return named(facts, "sgd") || named(facts, "heavy_ball") || named(facts, "sgdw") ? 2 * (1 + momentum)
											 : (double)NAN;
}

static bool too_large_a_step(const struct advice_facts *facts)
{
	const struct certificate *certificate = facts->certificate;
	return setting(facts, "learning_rate") * certificate->lambda_max > stable_product(facts);
}

static void say_step(const struct advice_facts *facts, struct advice *out)
{
	const double momentum = fmax(0, setting(facts, "momentum")), lambda = facts->certificate->lambda_max;
	char with[96] = "";
	if (momentum > 0) {
		snprintf(with, sizeof with, ", with this momentum %.4g", stable_product(facts) / lambda);
	}
	say(out,
	    "The steps are too large: the run oscillates along the steepest direction. lambda_max of the Hessian is "
	    "%.4g "
	    "(%s), so the largest stable learning_rate is 2/lambda_max = %.4g%s; the job used %.4g. Use less.",
	    lambda, facts->certificate->at_best ? "at the best parameters" : "at the last parameters", 2 / lambda, with,
	    setting(facts, "learning_rate"));
}

/* --- the way --- */

static double first_loss(const struct advice_facts *facts)
{
	return facts->traced > 0 ? facts->trace[0].loss : (double)NAN;
}

static double last_loss(const struct advice_facts *facts)
{
	return facts->traced > 0 ? facts->trace[facts->traced - 1].loss : (double)NAN;
}

/* Whether every sample is better (direction 1) or worse (-1) than the one before; at least four of them, finite but the
 * last. */
static bool one_way(const struct advice_facts *facts, double direction)
{
	size_t count = facts->traced;
	while (count > 0 && !isfinite(facts->trace[count - 1].loss)) {
		count--;
	}
	for (size_t i = 1; i < count; i++) {
		const double change = sign_of(facts) * (facts->trace[i].loss - facts->trace[i - 1].loss);
		if (!(direction * change < 0)) {
			return false;
		}
	}
	return count >= 4;
}

/* What the last quarter of the samples brought, beside the whole descent; NAN: too few. */
static double last_quarter(const struct advice_facts *facts)
{
	if (facts->traced < 8) {
		return NAN;
	}
	const double before = facts->trace[facts->traced - 1 - facts->traced / 4].loss;
	const double whole = sign_of(facts) * (first_loss(facts) - last_loss(facts));
	return sign_of(facts) * (before - last_loss(facts)) / whole;
}

static bool is_loss(const struct advice_facts *facts)
{
	return facts->spec->has_dataset && !facts->spec->model.type->is_expression;
}

/* --- symptoms --- */

static void say_unbounded(const struct advice_facts *facts, struct advice *out)
{
	const bool up = facts->spec->train.direction == MAXIMIZE;
	say(out,
	    "The objective %s without bound, from %.4g on: it has no %s there. If you look for its %s, say "
	    "\"direction\": \"%s\"; otherwise give it bounds, a penalty or another initial point.",
	    up ? "grows" : "falls", first_loss(facts), up ? "maximum" : "minimum", up ? "minimum" : "maximum",
	    up ? "minimize" : "maximize");
}

/* So far down, and as steep as in the beginning: where doubles lie too far apart for another step to count. */
static bool unbounded(const struct advice_facts *facts)
{
	const double from = first_loss(facts), to = last_loss(facts);
	return !is_loss(facts) && sign_of(facts) * to < -far_down * fmax(1, fabs(from)) &&
	       facts->certificate->gradient_norm > small_gradient * facts->trace[0].gradient_norm;
}

static void mixed_up(const struct advice_facts *facts, struct advice *out)
{
	const double from = first_loss(facts), to = last_loss(facts);
	const bool diverged = facts->progress->reason == STOP_DIVERGED;
	if (facts->spec->train.direction == MAXIMIZE && is_loss(facts)) {
		say(out,
		    "direction is maximize, and the objective is a loss, which has no maximum: it went from %.4g to "
		    "%.4g. "
		    "Say \"direction\": \"minimize\".",
		    from, to);
	} else if (diverged && one_way(facts, 1)) {
		say_unbounded(facts, out);
	} else if (!diverged && one_way(facts, -1)) {
		const bool up = facts->spec->train.direction == MAXIMIZE;
		say(out,
		    "The objective only got worse, from %.4g to %.4g: the steps are too large, or it is meant to be %s "
		    "(\"direction\": \"%s\").",
		    from, to, up ? "minimized" : "maximized", up ? "minimize" : "maximize");
	}
}

/* What a diverged run is told where nothing was measured that says more. */
static const char *general_cure(const struct advice_facts *facts)
{
	const struct optimizer_type *optimizer = facts->spec->train.optimizer.type;
	const struct model_config *model = &facts->spec->model;
	if (model->loss != NULL && strcmp(model->loss->name, "poisson") == 0 &&
	    !settings_bool(&model->loss_settings, "log_input")) {
		return "Without log_input the outputs are the counts themselves, and one at or below 0 has no loss: "
		       "leave "
		       "log_input on, or begin at initial_parameters that give counts above 0 and take smaller steps.";
	}
	if (facts->progress->step == 0) {
		return "The objective, or its gradient, is not finite at the initial parameters, before any step. "
		       "Begin elsewhere (the parameters' init, initial_point, training.seed), or scale the data so "
		       "that "
		       "nothing overflows.";
	}
	if (optimizer_rate_index(optimizer) == optimizer->setting_count) {
		return "This optimizer finds its steps itself: the objective may be unbounded, or not finite near the "
		       "start. Begin elsewhere, standardise the features, or try adam with a small learning_rate.";
	}
	if (facts->spec->train.direction == MAXIMIZE) {
		return "The objective grows without bound or the steps are too large: check that it has a maximum, and "
		       "try a learning_rate ten times smaller.";
	}
	if (facts->spec->has_dataset && !facts->spec->standardize) {
		return "Standardise the features (dataset.standardize: true), or try a learning_rate ten times "
		       "smaller.";
	}
	if (facts->progress->oscillating || facts->progress->step < 10) {
		return "The steps are too large: the loss rose from the first steps on. Try a learning_rate ten times "
		       "smaller.";
	}
	return "Try a learning_rate ten times smaller, a schedule that decays, or optimizer.clip_grad_norm.";
}

static bool by_curvature(const struct advice_facts *facts)
{
	static const char *const names[] = { "lbfgs",  "newton",           "newton_cg",          "conjugate_gradient",
					     "lbfgsb", "normal_equations", "levenberg_marquardt" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (named(facts, names[i])) {
			return true;
		}
	}
	return false;
}

static void say_condition(const struct advice_facts *facts, struct advice *out)
{
	const bool raw = facts->spec->has_dataset && !facts->spec->standardize;
	if (!(facts->certificate->condition >= ill_conditioned) || by_curvature(facts)) {
		return;
	}
	say(out,
	    "The condition number of the Hessian is about %.1e: gradient steps need about as many updates. %s an "
	    "optimizer "
	    "that takes curvature into account: lbfgs%s.",
	    facts->certificate->condition, raw ? "Standardise the features (dataset.standardize: true), or use" : "Use",
	    facts->spec->parameters <= 2000 ? " or newton" : "");
}

/* Whether a run that its budget ended had come near enough all the same. */
static bool near(const struct advice_facts *facts)
{
	const struct certificate *certificate = facts->certificate;
	const double size = fmax(1, fabs(last_loss(facts))), fell = fabs(first_loss(facts) - last_loss(facts));
	if (certificate->closed_form_gap > near_enough * size) {
		return false;
	}
	if (certificate->duality_gap <= near_enough * size || certificate->closed_form_gap <= near_enough * size) {
		return true;
	}
	if (certificate->gradient_norm <= facts->spec->train.stopping.gradient_norm) {
		return true;
	}
	return facts->traced > 0 && certificate->gradient_norm <= small_gradient * facts->trace[0].gradient_norm &&
	       fabs(last_quarter(facts)) * fell <= near_enough * size;
}

static void say_more_steps(const struct advice_facts *facts, struct advice *out)
{
	const struct convergence *rate = &facts->certificate->convergence;
	const double norm = facts->certificate->gradient_norm, wanted = facts->spec->train.stopping.gradient_norm;
	const double more = log(wanted / norm) / log(rate->factor), stable = stable_product(facts);
	char estimate[200] = "";
	if (rate->kind == RATE_LINEAR && rate->factor < 1 && more > 0 && more < 1e15) {
		snprintf(estimate, sizeof estimate,
			 " At the measured factor of %.6g a step about %.2g more steps bring the gradient's norm from "
			 "%.2g to "
			 "%.2g.",
			 rate->factor, more, norm, wanted);
	} else if (rate->kind == RATE_SUBLINEAR) {
		snprintf(estimate, sizeof estimate, " The gradient's norm falls as step^-%.2g.", rate->order);
	}
	char faster[120] = "";
	if (setting(facts, "learning_rate") * facts->certificate->lambda_max < 0.1 * stable) {
		const double limit = stable / facts->certificate->lambda_max;
		const int length = snprintf(faster, sizeof faster, ", or a larger learning_rate");
		if (isfinite(limit) && limit > 0) { /* where nothing bends there is none */
			snprintf(faster + length, sizeof faster - (size_t)length, " (stable up to %.4g)", limit);
		}
	}
	if (facts->progress->reason == STOP_CANCELLED) {
		say(out, "The loss was still falling when the job was cancelled: it needs more steps%s.%s", faster,
		    estimate);
		return;
	}
	say(out, "The loss was still falling when the %s ran out: give the job more of them%s.%s",
	    facts->progress->reason == STOP_MAX_SECONDS ? "seconds"
	    : facts->progress->reason == STOP_EPOCHS    ? "epochs"
							: "steps",
	    faster, estimate);
}

/* Whether the loss has corners, where a gradient says nothing of how near the minimum is. */
static bool has_corners(const struct advice_facts *facts)
{
	const struct loss_type *loss = facts->spec->model.loss;
	struct row_loss form = { 0 };
	if (loss != NULL && loss->describe != NULL) {
		loss->describe(&facts->spec->model.loss_settings, &form);
	}
	return form.kinked;
}

static void say_plateau(const struct advice_facts *facts, struct advice *out)
{
	const struct trace_sample *since = &facts->trace[facts->traced - 1 - facts->traced / 4];
	const bool batches = isnan(since->gradient_norm);
	if (batches) {
		say(out,
		    "The loss has hardly moved since step %llu (%.4g): steps of this size only follow the noise of the "
		    "mini-batches. Let learning_rate decay (schedule cosine), or take larger batches.",
		    (unsigned long long)since->step, since->loss);
	} else if (has_corners(facts)) {
		say(out,
		    "The loss has hardly moved since step %llu (%.4g), and its gradient does not vanish at the corners "
		    "of "
		    "%s: steps of this size go to and fro. Let learning_rate decay (schedule cosine).",
		    (unsigned long long)since->step, since->loss, facts->spec->model.loss->name);
	} else {
		say(out,
		    "The loss has hardly moved since step %llu (%.4g), with a gradient of norm %.2g: a plateau. Try a "
		    "larger "
		    "learning_rate, an adaptive optimizer (adam), or another initial point.",
		    (unsigned long long)since->step, since->loss, facts->certificate->gradient_norm);
	}
}

/* Whether a loss that hardly moves does so because its least value is near: the gradient is small beside the first one,
 * or the optimizer's steps have no noise of mini-batches in them, or a schedule has brought down already what keeps
 * it from the minimum (that noise, corners). */
static bool settled(const struct advice_facts *facts)
{
	const struct trace_sample *since = &facts->trace[facts->traced - 1 - facts->traced / 4];
	const bool decays = strcmp(facts->spec->train.optimizer.schedule.type->name, "constant") != 0;
	return (decays && (isnan(since->gradient_norm) || has_corners(facts))) ||
	       facts->certificate->gradient_norm <= 0.1 * small_gradient * facts->trace[0].gradient_norm ||
	       named(facts, "saga") || named(facts, "svrg");
}

/* Of a run that a small change ended: whether that was the minimum. */
static void stood_still(const struct advice_facts *facts, struct advice *out)
{
	const struct certificate *certificate = facts->certificate;
	const double size = fmax(1, fabs(last_loss(facts))), f_star = setting(facts, "f_star");
	if (sign_of(facts) * (last_loss(facts) - first_loss(facts)) > still * fmax(1, fabs(first_loss(facts)))) {
		say(out,
		    "The run ended worse than it began, at %.4g from %.4g: its first steps were too large. Try a "
		    "learning_rate ten times smaller.",
		    last_loss(facts), first_loss(facts));
	} else if (unbounded(facts)) {
		say_unbounded(facts, out);
	} else if (certificate->closed_form_gap > 100 * near_enough * size) {
		say(out, "The changes became small, but the loss is %.3g above its least value.",
		    certificate->closed_form_gap);
		say_condition(facts, out);
	} else if (named(facts, "polyak") && fabs(last_loss(facts) - f_star) <= near_enough * size &&
		   certificate->gradient_norm > facts->spec->train.stopping.gradient_norm &&
		   certificate->gradient_norm > small_gradient * facts->trace[0].gradient_norm) {
		say(out,
		    "The run ended where the objective is f_star = %.6g, but its gradient there has norm %.2g: the "
		    "least value is lower. Give a smaller f_star, or use an optimizer that needs none (lbfgs).",
		    f_star, certificate->gradient_norm);
	}
}

/* Of a run that its budget or its user ended. */
static void unfinished(const struct advice_facts *facts, struct advice *out)
{
	if (near(facts)) {
		return;
	}
	mixed_up(facts, out);
	if (too_large_a_step(facts)) {
		say_step(facts, out);
	}
	if (out->count > 0) {
		return;
	}
	say_condition(facts, out);
	const double quarter = last_quarter(facts);
	if (quarter > still) {
		say_more_steps(facts, out);
	} else if (out->count == 0 && fabs(quarter) <= still && !settled(facts) &&
		   fabs(last_loss(facts)) > still * fabs(first_loss(facts))) {
		say_plateau(facts, out);
	}
}

/* What differences of gradients may make of no curvature at all: gradients are rounded, in units of the terms that they
 * are made of, to about epsilon, and looked at cbrt(epsilon) apart (core/certificate/curvature.c). */
static double curvature_rounding(const struct advice_facts *facts)
{
	const bool single = facts->spec->train.training.dtype == DTYPE_FLOAT32;
	const double epsilon = single ? (double)FLT_EPSILON : DBL_EPSILON;
	return facts->traced > 0 ? pow(epsilon, 2.0 / 3) * facts->trace[0].gradient_norm : 0;
}

/* A gradient of nearly 0 where the objective bends down: not what was looked for. */
static void saddle(const struct advice_facts *facts, struct advice *out)
{
	const struct certificate *certificate = facts->certificate;
	const double largest = fmax(fabs(certificate->lambda_max), fabs(certificate->lambda_min));
	if (certificate->lambda_min < -fmax(bends_down * largest, curvature_rounding(facts)) &&
	    certificate->curvature_rows == 0) {
		const bool up = facts->spec->train.direction == MAXIMIZE;
		say(out,
		    "The gradient is nearly 0, but the Hessian of what is minimised has the eigenvalue %.3g: this is a "
		    "saddle "
		    "or a %s, not a %s. Begin elsewhere (initial_point, training.seed).",
		    certificate->lambda_min, up ? "minimum" : "maximum", up ? "maximum" : "minimum");
	}
}

void advise(const struct advice_facts *facts, struct advice *out)
{
	out->count = 0;
	const bool plays = facts->spec->model.type != NULL && facts->spec->model.type->plays;
	if (facts->progress->finding.tests || (plays && facts->progress->reason != STOP_DIVERGED)) {
		return;
	}
	switch (facts->progress->reason) {
	case STOP_DIVERGED:
		mixed_up(facts, out);
		if (out->count == 0 && too_large_a_step(facts)) {
			say_step(facts, out);
		}
		if (out->count == 0) {
			say(out, "%s", general_cure(facts));
		}
		say_condition(facts, out);
		break;
	case STOP_STEPS:
	case STOP_EPOCHS:
	case STOP_MAX_SECONDS:
	case STOP_CANCELLED:
		unfinished(facts, out);
		break;
	case STOP_GRADIENT_NORM:
		saddle(facts, out);
		break;
	case STOP_LR_FINDER:
		break;
	case STOP_LOSS_CHANGE:
	case STOP_PARAMETER_CHANGE:
		stood_still(facts, out);
		/* The Hessian of a network that stands still bends down somewhere nearly always: that says little. */
		if (!facts->spec->has_dataset) {
			saddle(facts, out);
		}
		break;
	case STOP_NONE:
	case STOP_TARGET_LOSS:
	case STOP_EARLY_STOPPING:
	case STOP_ERROR:
	case STOP_REASON_COUNT:
	default:
		break;
	}
}
