/* The tables of models, losses, activations and layers: one line an entry. */
#include "core/model/model.h"

#include <string.h>

#include "core/model/tables.h"

const struct model_type *const model_types[] = {
	&model_linear_regression,
	&model_logistic_regression,
	&model_softmax_regression,
	&model_mlp,
	&model_sequential,
	&model_autoencoder,
	&model_gan,
	&model_matrix_factorization,
	&model_factorization_machine,
	&model_contrastive,
	&model_expression,
	&model_function,
};
const size_t model_type_count = sizeof model_types / sizeof model_types[0];

const struct loss_type *const loss_types[] = {
	&loss_mse,
	&loss_squared_error,
	&loss_log_loss,
	&loss_cross_entropy,
	&loss_bce_with_logits,
	&loss_mae,
	&loss_huber,
	&loss_smooth_l1,
	&loss_quantile,
	&loss_poisson,
	&loss_hinge,
	&loss_squared_hinge,
	&loss_kl,
	&loss_cosine,
	&loss_gaussian,
	&loss_log_cosh,
	&loss_soft_margin,
	&loss_focal,
	&loss_multi_margin,
	&loss_contrastive,
	&loss_cosine_embedding,
	&loss_triplet,
	&loss_info_nce,
	&loss_non_saturating,
	&loss_minimax,
	&loss_least_squares,
	&loss_wasserstein,
};
const size_t loss_type_count = sizeof loss_types / sizeof loss_types[0];

const struct activation_type *const activation_types[] = {
	&activation_relu,       &activation_tanh,        &activation_sigmoid,     &activation_identity,
	&activation_leaky_relu, &activation_relu6,       &activation_elu,         &activation_selu,
	&activation_celu,       &activation_gelu,        &activation_silu,        &activation_mish,
	&activation_softplus,   &activation_log_sigmoid, &activation_softsign,    &activation_tanhshrink,
	&activation_hardtanh,   &activation_hardsigmoid, &activation_hardswish,   &activation_softshrink,
	&activation_hardshrink, &activation_softmax,     &activation_log_softmax,
};
const size_t activation_type_count = sizeof activation_types / sizeof activation_types[0];

const struct layer_type *const layer_types[] = {
	&layer_dense,      &layer_conv2d,     &layer_max_pool2d, &layer_avg_pool2d, &layer_flatten,
	&layer_batch_norm, &layer_layer_norm, &layer_dropout,    &layer_embedding,  &layer_residual,
	&layer_activation, &layer_conv1d,     &layer_max_pool1d, &layer_avg_pool1d, &layer_conv_transpose2d,
	&layer_group_norm, &layer_prelu,      &layer_rnn,        &layer_gru,        &layer_lstm,
};
const size_t layer_type_count = sizeof layer_types / sizeof layer_types[0];

const struct init_type *const init_types[] = {
	&init_xavier,    &init_xavier_uniform, &init_xavier_normal, &init_he,           &init_he_uniform,
	&init_he_normal, &init_lecun,          &init_lecun_uniform, &init_lecun_normal, &init_orthogonal,
	&init_normal,    &init_uniform,        &init_zeros,         &init_ones,
};
const size_t init_type_count = sizeof init_types / sizeof init_types[0];

#define FIND(kind)                                                                                                     \
	const struct kind##_type *kind##_find(const char *name)                                                        \
	{                                                                                                              \
		for (size_t i = 0; i < kind##_type_count; i++) {                                                       \
			if (strcmp(kind##_types[i]->name, name) == 0) {                                                \
				return kind##_types[i];                                                                \
			}                                                                                              \
		}                                                                                                      \
		return NULL;                                                                                           \
	}
FIND(model)
FIND(loss)
FIND(activation)
FIND(layer)

size_t model_members(const struct model_config *config)
{
	const bool rows = config->type->embeds && strcmp(settings_choice(&config->settings, "pairs"), "rows") == 0;
	return rows ? config->loss->members : 1;
}

enum target_kind model_target(const struct model_type *type, const struct loss_type *loss, size_t members)
{
	if (type->embeds && members == 1) {
		return TARGET_CLASS;
	}
	return type->target == TARGET_ANY && loss != NULL ? loss->target : type->target;
}

bool model_reads_indices(const struct model_config *config)
{
	return config->type->indexes || (config->layer_count > 0 && config->layers[0].type->indexes);
}

enum link model_link(const struct model_config *config)
{
	static const enum link by_members[] = { LINK_EMBEDDING, LINK_PAIR, LINK_TRIPLET };
	const struct loss_type *loss = config->loss;
	if (config->type != NULL && config->type->embeds) {
		return by_members[model_members(config) - 1];
	}
	if (config->type == NULL || loss == NULL || config->type->encodes) {
		return config->type != NULL && config->type->encodes ? LINK_CODE : LINK_NATURAL;
	}
	return loss->link_of != NULL ? loss->link_of(&config->loss_settings) : loss->link;
}

size_t model_class_weights(const struct model_config *config)
{
	const struct settings *settings = &config->loss_settings;
	for (size_t i = 0; i < settings->count; i++) {
		if (strcmp(settings->table[i].name, "class_weight") == 0) {
			return settings->value[i].rows;
		}
	}
	return 0;
}

bool model_is_quadratic(const struct model_config *config)
{
	if (config->type->is_function) {
		return config->function->quadratic;
	}
	return config->type->linear && config->loss->quadratic && settings_number(&config->settings, "l1") == 0;
}
