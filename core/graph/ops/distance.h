/* Distances of embeddings; private to core/graph/ops. distance.inc.c has what reads them. */
#ifndef CORE_GRAPH_OPS_DISTANCE_H
#define CORE_GRAPH_OPS_DISTANCE_H

/* Is added to each component of the difference of a triplet's members, as in torch.nn.TripletMarginLoss. */
static const double triplet_eps = 1e-6;
/* Is added to each squared length of a cosine, as in torch.nn.CosineEmbeddingLoss. */
static const double angle_eps = 1e-12;

#endif
