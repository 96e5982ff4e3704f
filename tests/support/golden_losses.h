/* Each golden loss (tests/data/golden/losses_layers) as an expression calls it; variables are its tensors. */
#ifndef TESTS_SUPPORT_GOLDEN_LOSSES_H
#define TESTS_SUPPORT_GOLDEN_LOSSES_H

#include <stdlib.h>
#include <string.h>

#include "tests/support/golden.h"

/* A golden tensor as numbers, rows and columns, in the form that a request has: a number, a list, a list of rows. */
static inline cJSON *golden_nested(const cJSON *tensor)
{
	const cJSON *shape = golden_get(tensor, "shape"), *number = golden_get(tensor, "data")->child;
	const bool matrix = cJSON_GetArraySize(shape) == 2;
	cJSON *out = cJSON_CreateArray();
	for (int r = 0; r < cJSON_GetArrayItem(shape, 0)->valueint; r++) {
		cJSON *row = matrix ? cJSON_CreateArray() : out;
		for (int c = 0; c < (matrix ? cJSON_GetArrayItem(shape, 1)->valueint : 1); c++) {
			cJSON_AddItemToArray(row, cJSON_CreateNumber(number->valuedouble));
			number = number->next;
		}
		if (matrix) {
			cJSON_AddItemToArray(out, row);
		}
	}
	return out;
}

/* What a tensor is called in an expression, where var is a function. */
static inline const char *golden_loss_name(const char *tensor)
{
	return strcmp(tensor, "var") == 0 ? "variance" : tensor;
}

/* {"input": [[...]], "target": ...} of a case: what it differentiates by and what it does not. Owned. */
static inline cJSON *golden_loss_variables(const cJSON *entry)
{
	cJSON *out = cJSON_CreateObject();
	const cJSON *item;
	cJSON_ArrayForEach(item, golden_get(entry, "inputs"))
	{
		cJSON_AddItemToObject(out, golden_loss_name(item->string), golden_nested(item));
	}
	cJSON_ArrayForEach(item, cJSON_GetObjectItem(entry, "fixed"))
	{
		cJSON_AddItemToObject(out, item->string, golden_nested(item));
	}
	return out;
}

/* The sum of the stored values, whose gradient is what is stored. */
static inline double golden_loss_value(const cJSON *entry)
{
	size_t n;
	double *values = golden_array(entry, "value", &n), sum = 0;
	for (size_t i = 0; i < n; i++) {
		sum += values[i];
	}
	free(values);
	return sum;
}

static const struct {
	const char *file, *name, *text;
} golden_losses[] = {
	{ "losses_a", "mse_mean", "mse(target, input)" },
	{ "losses_a", "l1_mean", "mae(target, input)" },
	{ "losses_a", "mse_sum", "mse(target, input, reduction=sum)" },
	{ "losses_a", "l1_sum", "mae(target, input, reduction=sum)" },
	{ "losses_a", "mse_none", "sum(mse(target, input, reduction=none))" },
	{ "losses_a", "l1_none", "sum(mae(target, input, reduction=none))" },
	{ "losses_a", "l1_tie", "mae(target, input, reduction=sum)" },
	{ "losses_a", "smooth_l1_beta1.0", "smooth_l1(input, target)" },
	{ "losses_a", "smooth_l1_beta0.5", "smooth_l1(input, target, beta=0.5)" },
	{ "losses_a", "huber_delta1.0", "huber(input, target, 1)" },
	{ "losses_a", "huber_delta0.5", "huber(input, target, delta=0.5, reduction=mean)" },
	{ "losses_a", "pinball_0.1", "quantile(input, target, 0.1)" },
	{ "losses_a", "pinball_0.5", "quantile(input, target)" },
	{ "losses_a", "pinball_0.9", "quantile(input, target, q=0.9)" },
	{ "losses_a", "log_cosh", "log_cosh(input, target)" },
	{ "losses_a", "poisson_nll_log_full_false", "poisson(input, target)" },
	{ "losses_a", "poisson_nll_log_full_true", "poisson_nll(input, target, full=1)" },
	{ "losses_a", "poisson_nll_linear", "poisson_nll(input, target, log_input=0, reduction=sum)" },
	{ "losses_a", "gaussian_nll_full_false", "gaussian_nll(input, target, variance)" },
	{ "losses_a", "gaussian_nll_full_true", "gaussian_nll(input, target, variance, full=1)" },
	{ "losses_a", "bce", "bce(input, target)" },
	{ "losses_a", "bce_soft_weight", "bce(input, target, weight=weight, reduction=sum)" },
	{ "losses_a", "bce_with_logits_mean", "bce_with_logits(input, target)" },
	{ "losses_a", "bce_with_logits_sum", "bce_with_logits(input, target, reduction=sum)" },
	{ "losses_a", "bce_with_logits_none", "sum(log_loss(input, target, reduction=none))" },
	{ "losses_a", "bce_with_logits_pos_weight", "bce_with_logits(input, target, pos_weight)" },
	{ "losses_a", "bce_with_logits_extreme", "bce_with_logits(input, target, reduction=sum)" },
	{ "losses_a", "hinge", "hinge(input, target)" },
	{ "losses_a", "squared_hinge", "squared_hinge(input, target)" },
	{ "losses_b", "hinge_kink", "hinge(input, target, reduction=sum)" },
	{ "losses_b", "soft_margin", "soft_margin(input, target)" },
	{ "losses_b", "focal", "focal(input, target, gamma=2, alpha=0.25)" },
	{ "losses_b", "cross_entropy_mean", "cross_entropy(input, target)" },
	{ "losses_b", "cross_entropy_sum", "cross_entropy(input, target, reduction=sum)" },
	{ "losses_b", "cross_entropy_none", "sum(cross_entropy(input, target, reduction=none))" },
	{ "losses_b", "cross_entropy_weight", "cross_entropy(input, target, weight=weight)" },
	{ "losses_b", "cross_entropy_smoothing", "cross_entropy(input, target, 0.1)" },
	{ "losses_b", "cross_entropy_weight_smoothing", "cross_entropy(input, target, 0.1, weight)" },
	{ "losses_b", "cross_entropy_ignore_index", "cross_entropy(input, target, ignore_index=-100)" },
	{ "losses_b", "cross_entropy_soft_targets", "cross_entropy(input, target)" },
	{ "losses_b", "nll", "nll(input, target)" },
	{ "losses_b", "nll_weight", "nll(input, target, weight)" },
	{ "losses_b", "nll_sum", "nll(input, target, reduction=sum)" },
	{ "losses_b", "kl_div_batchmean", "kl_div(input, target, reduction=batchmean)" },
	{ "losses_b", "kl_div_mean", "kl_div(input, target)" },
	{ "losses_b", "kl_div_sum", "kl_div(input, target, reduction=sum)" },
	{ "losses_b", "kl_div_log_target", "kl_div(input, target, log_target=1, reduction=batchmean)" },
	{ "losses_b", "multi_margin_p1", "multi_margin(input, target)" },
	{ "losses_b", "multi_margin_p2", "multi_margin(input, target, p=2)" },
	{ "losses_b", "hinge_embedding", "hinge_embedding(input, target)" },
	{ "losses_b", "margin_ranking", "margin_ranking(input1, input2, target, 0.3)" },
	{ "losses_b", "cosine_embedding", "cosine_embedding(input1, input2, target, margin=0.3)" },
	{ "losses_b", "triplet_margin", "triplet_margin(anchor, positive, negative)" },
	{ "losses_b", "triplet_margin_swap", "triplet_margin(anchor, positive, negative, swap=1)" },
	{ "losses_b", "triplet_margin_p1", "triplet_margin(anchor, positive, negative, p=1)" },
	{ "losses_b", "contrastive", "contrastive(input1, input2, target)" },
	{ "losses_b", "info_nce", "info_nce(query, key, 0.5)" },
	{ "losses_b", "info_nce_symmetric", "info_nce(query, key, temperature=0.5, symmetric=1)" },
};
enum { GOLDEN_LOSSES = sizeof golden_losses / sizeof golden_losses[0] };

#endif
