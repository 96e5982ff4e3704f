/* A certificate and the advice that goes with it, as a job shows them. */
#include "api/answers.h"

static void member(struct text *out, const char *name, double value)
{
	text_printf(out, "\"%s\":", name);
	text_json_double(out, value);
	text_puts(out, ",");
}

static void convergence_render(const struct convergence *rate, struct text *out)
{
	if (rate->kind == RATE_UNKNOWN) {
		text_puts(out, "null");
		return;
	}
	const bool linear = rate->kind == RATE_LINEAR;
	text_printf(out, "{\"type\":\"%s\",\"%s\":", linear ? "linear" : "sublinear", linear ? "factor" : "order");
	text_json_double(out, linear ? rate->factor : rate->order);
	text_puts(out, ",\"from_step\":");
	text_json_uint(out, rate->from);
	text_puts(out, ",\"to_step\":");
	text_json_uint(out, rate->to);
	text_puts(out, "}");
}

void certificate_render(const struct certificate *certificate, struct text *out)
{
	if (certificate == NULL) {
		text_puts(out, "null");
		return;
	}
	text_puts(out, "{");
	member(out, "gradient_norm", certificate->gradient_norm);
	member(out, "duality_gap", certificate->duality_gap);
	member(out, "dual_value", certificate->dual_value);
	member(out, "closed_form_distance", certificate->closed_form_distance);
	member(out, "closed_form_gap", certificate->closed_form_gap);
	text_puts(out, "\"convergence\":");
	convergence_render(&certificate->convergence, out);
	text_puts(out, ",");
	member(out, "lambda_max", certificate->lambda_max);
	member(out, "lambda_min", certificate->lambda_min);
	member(out, "condition_number", certificate->condition);
	member(out, "largest_stable_learning_rate", certificate->stable_rate);
	text_puts(out, "\"hessian_rows\":");
	if (certificate->curvature_rows > 0) {
		text_json_uint(out, certificate->curvature_rows);
	} else {
		text_puts(out, "null");
	}
	text_printf(out, ",\"at\":\"%s\"}", certificate->at_best ? "best" : "last");
}

void advice_render(const struct advice *advice, struct text *out)
{
	text_puts(out, "[");
	for (size_t i = 0; advice != NULL && i < advice->count; i++) {
		text_puts(out, i == 0 ? "" : ",");
		text_json_string(out, advice->sentence[i]);
	}
	text_puts(out, "]");
}
