/* Losses of embeddings: of members side by side in a row (build), and of points of classes, whose pairs are formed of
 * the rows of a batch (build_classes). Their `target` is that of pairs in rows. */
#include "core/graph/graph.h"
#include "core/graph/ops/ops.h"
#include "core/model/tables.h"

/* op on z, and on the target where it takes one. */
static size_t append(struct graph *graph, const struct graph_op *op, const struct settings *settings, size_t z,
		     size_t target)
{
	double attribute[GRAPH_ATTRIBUTES] = { 0 };
	for (size_t i = 0; i < settings->count; i++) { /* in the order of the operations' constants */
		attribute[i] = settings->value[i].number;
	}
	return graph_apply_constants(graph, op, (size_t[]){ z, target }, attribute);
}

#define BUILD(name, op)                                                                                                \
	static size_t build_##name(struct graph *graph, const struct settings *settings, size_t z, size_t target)      \
	{                                                                                                              \
		return append(graph, &op, settings, z, target);                                                        \
	}
BUILD(contrastive, op_contrastive)
BUILD(class_contrastive, op_class_contrastive)
BUILD(cosine_embedding, op_cosine_embedding)
BUILD(class_cosine_embedding, op_class_cosine_embedding)
BUILD(triplet, op_triplet_margin)
BUILD(class_triplet, op_class_triplet)
BUILD(info_nce, op_info_nce)
BUILD(class_info_nce, op_class_info_nce)

#define MARGIN(text)                                                                                                   \
	{                                                                                                              \
		.name = "margin", .kind = SETTING_REAL, .preset = 1, .open_minimum = true, .maximum = 1e100,           \
		.doc = text                                                                                            \
	}

static const struct setting contrastive_settings[] = {
	MARGIN("Unlike points that are as far apart as this are left alone."),
};

static const struct setting cosine_embedding_settings[] = {
	{ .name = "margin",
	  .kind = SETTING_REAL,
	  .minimum = -1,
	  .maximum = 1,
	  .doc = "Unlike points whose angle has a cosine of at most this are left alone." },
};

static const struct setting triplet_settings[] = {
	MARGIN("By how much the negative is to be farther from the anchor than the positive."),
	{ .name = "p",
	  .kind = SETTING_REAL,
	  .preset = 2,
	  .minimum = 1,
	  .maximum = 1e6,
	  .doc = "The distance is the p-norm of a difference." },
	{ .name = "swap",
	  .kind = SETTING_BOOL,
	  .maximum = 1,
	  .doc = "Whether the negative's distance is that to anchor or positive, whichever is less (Balntas et al. "
		 "2016)." },
};

static const struct setting info_nce_settings[] = {
	{ .name = "temperature",
	  .kind = SETTING_REAL,
	  .preset = 0.1,
	  .open_minimum = true,
	  .maximum = 1e100,
	  .doc = "Similarities are divided by it: the less, the more the nearest others count." },
	{ .name = "symmetric",
	  .kind = SETTING_BOOL,
	  .maximum = 1,
	  .doc = "Of pairs in rows: the mean of telling the key by the query and the query by the key." },
};

#define SETTINGS(table) .settings = table, .setting_count = sizeof table / sizeof table[0]

const struct loss_type loss_contrastive = {
	.name = "contrastive",
	.doc = "d^2 / 2 of like points, max(0, margin - d)^2 / 2 of others, d their distance: the mean over rows that "
	       "hold "
	       "a pair, the target saying 1 (like) or 0, or over all pairs of a batch.",
	.source = "Hadsell, Chopra, LeCun 2006, Dimensionality reduction by learning an invariant mapping, eq. 4",
	.target = TARGET_BINARY,
	SETTINGS(contrastive_settings),
	.build = build_contrastive,
	.build_classes = build_class_contrastive,
	.members = 2,
};

const struct loss_type loss_cosine_embedding = {
	.name = "cosine_embedding",
	.doc = "1 - cos of like points, max(0, cos - margin) of others, cos that of the angle of their embeddings: the "
	       "mean "
	       "over rows that hold a pair, the target saying 1 (like) or 0, or over all pairs of a batch. Directions "
	       "in few dimensions hold few classes apart: in two, ten of them stay mixed; take embedding_size 8 or "
	       "more.",
	.source = "torch.nn.CosineEmbeddingLoss",
	.target = TARGET_BINARY,
	SETTINGS(cosine_embedding_settings),
	.build = build_cosine_embedding,
	.build_classes = build_class_cosine_embedding,
	.members = 2,
	.compares_directions = true,
};

const struct loss_type loss_triplet = {
	.name = "triplet",
	.doc = "Mean of max(0, D(anchor, positive) - D(anchor, negative) + margin): over rows of three, or over the "
	       "points "
	       "of a batch with the farthest of their class and the nearest of another (batch hard).",
	.source = "torch.nn.TripletMarginLoss; of classes: Hermans, Beyer, Leibe 2017, In defense of the triplet loss "
		  "for "
		  "person re-identification, eq. 5",
	.target = TARGET_NONE,
	SETTINGS(triplet_settings),
	.build = build_triplet,
	.build_classes = build_class_triplet,
	.members = 3,
};

const struct loss_type loss_info_nce = {
	.name = "info_nce",
	.doc = "Mean cross-entropy of telling a query's key among all keys of the batch, by similarities (products "
	       "over "
	       "temperature); of classes: each of a point's class among all other points (supervised contrastive).",
	.source =
		"van den Oord, Li, Vinyals 2018, Representation learning with contrastive predictive coding, eq. 4; of "
		"classes: Khosla et al. 2020, Supervised contrastive learning, eq. 2",
	.target = TARGET_NONE,
	SETTINGS(info_nce_settings),
	.build = build_info_nce,
	.build_classes = build_class_info_nce,
	.members = 2,
	.compares_directions = true,
};
