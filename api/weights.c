/* Weights as JSON: what the values are for (features, classes), then the tensors, each number exact in its type. */
#include <math.h>

#include "api/answers.h"

static void feature_render(const struct model_card *card, size_t i, struct text *out)
{
	text_puts(out, "{\"name\":");
	text_json_string(out, card->feature[i]);
	text_puts(out, ",\"mean\":");
	text_json_double(out, card->standardized ? card->mean[i] : 0);
	text_puts(out, ",\"std\":");
	text_json_double(out, card->standardized ? card->std[i] : 1);
	text_puts(out, "}");
}

void card_classes_render(const struct model_card *card, struct text *out)
{
	text_puts(out, "[");
	for (size_t i = 0; i < card->classes; i++) {
		text_puts(out, i == 0 ? "" : ",");
		if (card->class_number != NULL) {
			text_json_double(out, card->class_number[i]);
		} else {
			text_json_string(out, card->class_text[i]);
		}
	}
	text_puts(out, "]");
}

/* One number of theta; true when it is finite. */
static bool number_render(const struct model_card *card, const void *values, size_t i, struct text *out)
{
	if (card->dtype == DTYPE_FLOAT32) {
		float value = ((const float *)values)[i];
		text_json_float(out, value);
		return isfinite(value);
	}
	double value = ((const double *)values)[i];
	text_json_double(out, value);
	return isfinite(value);
}

static void tensor_render(const struct model_card *card, const struct tensor *tensor, const void *values,
			  struct text *out)
{
	bool finite = true;
	text_puts(out, "{\"name\":");
	text_json_string(out, tensor->name);
	text_puts(out, ",\"shape\":[");
	for (size_t k = 0; k < tensor->rank; k++) {
		text_puts(out, k == 0 ? "" : ",");
		text_json_uint(out, tensor->shape[k]);
	}
	text_printf(out, "],\"dtype\":\"%s\",\"values\":[", dtype_name(card->dtype));
	for (size_t i = 0; i < tensor->size; i++) {
		if (i > 0) {
			text_add(out, ",", 1);
		}
		finite = number_render(card, values, tensor->offset + i, out) && finite;
	}
	text_puts(out, "]");
	if (!finite) {
		bool first = true;
		text_puts(out, ",\"nonfinite\":[");
		for (size_t i = 0; i < tensor->size; i++) {
			size_t k = tensor->offset + i;
			double value = dtype_get(card->dtype, values, k);
			if (!isfinite(value)) {
				text_printf(out, "%s{\"index\":%zu,\"value\":\"", first ? "" : ",", i);
				text_csv_double(out, value);
				text_puts(out, "\"}");
				first = false;
			}
		}
		text_puts(out, "]");
	}
	text_puts(out, "}");
}

void weights_render(const char *job_id, uint64_t step, const char *at, const struct model_card *card,
		    const void *values, struct text *out)
{
	text_puts(out, "{\"job_id\":");
	text_json_string(out, job_id);
	text_puts(out, ",\"step\":");
	text_json_uint(out, step);
	text_puts(out, ",\"at\":");
	text_json_string(out, at);
	text_puts(out, ",\"classes\":");
	card_classes_render(card, out);
	text_puts(out, ",\"features\":[");
	for (size_t i = 0; i < card->features; i++) {
		text_puts(out, i == 0 ? "" : ",");
		feature_render(card, i, out);
	}
	text_puts(out, "],\"parameters\":[");
	for (size_t i = 0; i < card->tensors; i++) {
		text_puts(out, i == 0 ? "" : ",");
		tensor_render(card, &card->tensor[i], values, out);
	}
	text_puts(out, "]}");
}
